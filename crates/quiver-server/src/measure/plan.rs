//! Which columns of a model are profiled and how, by its spec.

use super::derive::slice_column;
use quiver_event::Arrow;
use quiver_event::spec::{FeatureType, Spec, Task};
use quiver_judge::facts::{profile_column, subject};
use quiver_profile::outcome::{OutcomePlan, Task as OutcomeTask};
use quiver_profile::{ColumnKind, ColumnPlan, Disclosure, Edges, FreezeOptions, Plan, Profile, SlicePlan};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most values of one slice with figures of their own; the rest counts under `other`.
const SLICE_BUDGET: usize = 100;

/// The profile plan of a model before there is a reference: no edges, and slices of declared values only.
pub fn model_plan(spec: &Spec) -> Plan {
    let mut columns: Vec<ColumnPlan> = spec
        .features
        .iter()
        .map(|(name, feature)| ColumnPlan {
            name: profile_column(Arrow::Features, name),
            column: profile_column(Arrow::Features, name),
            kind: column_kind(feature.kind),
            disclosure: if feature.is_public() { Disclosure::Public } else { Disclosure::Private },
            edges: None,
            // A slice stays on every row, whatever the spec captures.
            is_sampled: !spec.slices.iter().any(|slice| slice == name),
        })
        .collect();
    // What the model says and how fast is the owner's own knowledge, not a person's data.
    columns.extend([
        ColumnPlan::public(profile_column(Arrow::Inference, subject::LATENCY), ColumnKind::Number),
        ColumnPlan::public(profile_column(Arrow::Inference, subject::FAILED), ColumnKind::Boolean),
        ColumnPlan::public(profile_column(Arrow::Inference, subject::INVALID_INPUT), ColumnKind::Boolean),
        ColumnPlan::public(profile_column(Arrow::Decision, subject::SCORE), ColumnKind::Number),
        ColumnPlan::public(profile_column(Arrow::Decision, subject::ACTED), ColumnKind::Boolean),
        ColumnPlan::public(profile_column(Arrow::Decision, subject::DECIDED_BY), ColumnKind::Category),
        ColumnPlan::public(profile_column(Arrow::Decision, subject::OVERRIDDEN), ColumnKind::Boolean),
        ColumnPlan::public(profile_column(Arrow::Decision, subject::ACTION), ColumnKind::Category),
        ColumnPlan::public(profile_column(Arrow::Decision, subject::RULE), ColumnKind::Category),
        ColumnPlan::public(profile_column(Arrow::Decision, subject::OVERRIDING_RULE), ColumnKind::Category),
    ]);
    let used = subject::USED.into_iter().map(str::to_owned).chain(priced_services(spec).map(subject::calls_to));
    columns.extend(used.map(|name| ColumnPlan::public(profile_column(Arrow::Inference, &name), ColumnKind::Number)));
    let slices = spec.slices.iter().map(|slice| SlicePlan {
        name: slice.clone(),
        column: slice_column(slice),
        values: declared_values(spec, slice),
    });
    let response = Some(profile_column(Arrow::Decision, subject::SCORE));
    Plan { columns, response, slices: slices.collect(), ..Plan::default() }
}

/// The services whose calls have a price: what else is priced is measured of every answer.
pub fn priced_services(spec: &Spec) -> impl Iterator<Item = &str> {
    let prices = spec.cost.iter().flat_map(|cost| cost.prices.keys());
    prices
        .map(String::as_str)
        .filter(|name| !["cpu", "gpu", "bytes", "tokens", "tokens_in", "tokens_out"].contains(name))
}

/// The plan on frozen edges; a slice without declared values is cut by the categories that the reference froze.
pub fn plan_on_edges(spec: &Spec, edges: &BTreeMap<String, Arc<Edges>>) -> Plan {
    let mut plan = model_plan(spec).with_edges(edges);
    for slice in &mut plan.slices {
        if slice.values.is_empty()
            && let Some(Edges::Category(frozen)) =
                edges.get(&profile_column(Arrow::Features, &slice.name)).map(AsRef::as_ref)
        {
            slice.values = frozen.categories().iter().take(SLICE_BUDGET).cloned().collect();
        }
    }
    plan
}

/// The categories that a spec declares, by profile column.
pub fn freeze_options(spec: &Spec) -> FreezeOptions {
    let mut declared: BTreeMap<String, Vec<String>> = spec
        .features
        .iter()
        .filter(|(_, feature)| feature.values.is_some())
        .map(|(name, _)| (profile_column(Arrow::Features, name), declared_values(spec, name)))
        .collect();
    let deciders = ["model", "rule", "guardrail", "fallback"];
    declared.insert(profile_column(Arrow::Decision, subject::DECIDED_BY), deciders.map(str::to_owned).to_vec());
    FreezeOptions { declared }
}

fn declared_values(spec: &Spec, feature: &str) -> Vec<String> {
    if spec.features.get(feature).is_some_and(|feature| feature.kind == FeatureType::Boolean) {
        return vec!["false".to_owned(), "true".to_owned()];
    }
    let values = spec.features.get(feature).and_then(|feature| feature.values.as_deref()).unwrap_or_default();
    values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
}

/// How outcomes of the spec's task are kept, when it has feedback; `reference` gives a regression's prediction edges.
pub fn outcome_plan(spec: &Spec, reference: Option<&Profile>) -> Option<OutcomePlan> {
    spec.feedback.as_ref()?;
    let task = match spec.task {
        Task::Binary => OutcomeTask::Binary,
        Task::Regression => OutcomeTask::Regression,
        Task::Multiclass => OutcomeTask::Multiclass,
        Task::Ranking | Task::Generation => return None,
    };
    let score = profile_column(Arrow::Decision, subject::SCORE);
    let edges = reference.and_then(|reference| reference.column(&score)).and_then(|column| column.edges().cloned());
    Some(OutcomePlan { thresholds: spec.thresholds(), prediction_edges: edges, ..OutcomePlan::new(task) })
}

fn column_kind(kind: FeatureType) -> ColumnKind {
    match kind {
        FeatureType::Number => ColumnKind::Number,
        FeatureType::Category => ColumnKind::Category,
        FeatureType::Boolean => ColumnKind::Boolean,
        FeatureType::Text => ColumnKind::Text,
        FeatureType::Timestamp => ColumnKind::Timestamp,
        FeatureType::Embedding => ColumnKind::Embedding,
    }
}
