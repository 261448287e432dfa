//! The service: how fast and how often it answers, what it is asked with, whom it calls, and what that costs.

pub(super) mod price;
mod requests;

use super::events::tables::{open, within};
use super::events::{served_arm, writable};
use super::scope::{Asked, RangeQuery, Scope, bad_parameter, of};
use super::words::Period;
use crate::http::App;
use crate::http::answers::Reads;
use crate::http::problem::Problem;
use crate::measure::Rows;
use crate::pipeline::{PipelineError, time_condition};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use futures::StreamExt;
use price::Cost;
use quiver_event::Arrow;
use quiver_event::batch::column;
use quiver_event::event::Kind;
use quiver_event::spec::{CostSpec, Service};
use quiver_event::units::{Duration, Share};
use quiver_judge::facts::profile_column;
use quiver_store::query::{QueryEngine, QueryError};
use requests::{COSTS, Requests};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Groups that are told one by one: those with the most requests.
const MOST_GROUPS: usize = 100;

/// Reasons for which inputs were invalid that are told: those with the most rows.
const MOST_REASONS: usize = 500;

/// What is asked of the service.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InferenceQuery {
    /// The first instant of event time (RFC 3339), or a date in the model's zone. Default: the first event known.
    pub from: Option<String>,
    /// The first instant after the range, or a date in the model's zone. Default: after the last event known.
    pub to: Option<String>,
    /// In the place of `from`: how far back from `to`, such as `7d`.
    pub last: Option<String>,
    /// The length of periods: `window` (the spec's own), `day`, `week` or `month`. Default: what fits the range.
    pub by: Option<String>,
    /// The arm. Default: the live one.
    pub arm: Option<String>,
    /// How requests are grouped: by `version` (the default), `arm` (then all arms are read) or `request_type`.
    pub group: Option<String>,
}

/// The service over the range.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Inference {
    /// What the answer is about.
    pub scope: Scope,
    /// The periods.
    pub periods: Vec<Period>,
    /// How requests are grouped.
    pub group: &'static str,
    /// The groups with the most requests, at most 100.
    pub groups: Vec<InferenceGroup>,
    /// Why inputs were invalid, the most frequent first: from the figures of the periods, of requests whose features
    /// were kept.
    pub invalid: Vec<InvalidInput>,
    /// Calls to services.
    pub calls: Vec<ServiceCalls>,
    /// What a request uses and costs.
    pub cost: RequestCost,
    /// What the events tell at all.
    pub observed: Observed,
    /// What the service must hold, by the spec.
    pub targets: ServiceTargets,
}

/// Requests of one group.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct InferenceGroup {
    /// The version, arm or request type; empty where the events do not tell.
    pub group: String,
    /// Requests.
    pub rows: u64,
    /// Of these, failed.
    pub failed: u64,
    /// Of these, with a latency.
    pub timed: u64,
    /// Half of those are answered in so many milliseconds.
    pub p50_ms: Option<f64>,
    /// 95 %.
    pub p95_ms: Option<f64>,
    /// 99 %.
    pub p99_ms: Option<f64>,
    /// How the latencies were computed.
    pub convention: Option<String>,
}

/// Rows in which a feature was invalid for one reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct InvalidInput {
    /// The feature.
    pub feature: String,
    /// The reason.
    pub reason: String,
    /// Rows.
    pub rows: u64,
}

/// Calls to one service.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ServiceCalls {
    /// The service.
    pub service: String,
    /// Calls of a request on average, of those requests that tell anything of what they used.
    pub calls_per_request: f64,
    /// Milliseconds of a call on average.
    pub ms_per_call: Option<f64>,
}

/// What a request uses on average, of those that tell it, and what that costs by the prices of the spec.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct RequestCost {
    /// Milliseconds of processors.
    pub cpu_ms: Option<f64>,
    /// Milliseconds of accelerators.
    pub gpu_ms: Option<f64>,
    /// Megabytes held.
    pub memory_mb: Option<f64>,
    /// Bytes moved.
    pub bytes: Option<f64>,
    /// Tokens read.
    pub tokens_in: Option<f64>,
    /// Tokens written.
    pub tokens_out: Option<f64>,
    /// The cost of a thousand requests: the sum of the parts.
    pub per_1k: Option<f64>,
    /// The currency of all amounts.
    pub currency: Option<String>,
    /// What a thousand requests may cost.
    pub at_most_per_1k: Option<f64>,
    /// The cost of a thousand requests by price.
    pub parts: Vec<CostPart>,
    /// Prices that are in no part: nothing is known of what is used, or the price is for something else.
    pub unpriced: Vec<String>,
}

/// A part of the cost.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CostPart {
    /// The resource or service, as the spec's prices name it.
    pub name: String,
    /// What it costs for a thousand requests.
    pub per_1k: f64,
}

/// What events of the range and arm tell at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Observed {
    /// How long answers took.
    pub latency: bool,
    /// Whether answers failed.
    pub errors: bool,
    /// What answers used, calls apart.
    pub cost: bool,
    /// Which services were called.
    pub calls: bool,
}

/// What the service must hold, by the spec.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub struct ServiceTargets {
    /// Half of the answers take at most so many milliseconds.
    pub p50_latency_ms: Option<f64>,
    /// 95 % of the answers.
    pub p95_latency_ms: Option<f64>,
    /// 99 % of the answers.
    pub p99_latency_ms: Option<f64>,
    /// The largest share of failed answers.
    pub error_rate: Option<f64>,
    /// The smallest share of requests (or of time) that is answered.
    pub availability: Option<f64>,
}

impl From<&Service> for ServiceTargets {
    fn from(service: &Service) -> Self {
        let ms = |latency: Option<Duration>| latency.map(Duration::milliseconds);
        Self {
            p50_latency_ms: ms(service.p50_latency),
            p95_latency_ms: ms(service.p95_latency),
            p99_latency_ms: ms(service.p99_latency),
            error_rate: service.error_rate.map(Share::value),
            availability: service.availability.map(Share::value),
        }
    }
}

/// A way of grouping requests.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Grouping {
    name: &'static str,
    /// The group of a prediction, as SQL.
    expression: String,
}

impl Grouping {
    fn of(name: &str) -> Result<Self, Problem> {
        let text = |column: &str| format!("coalesce(\"{column}\", '')");
        let (name, expression) = match name {
            "version" => ("version", text(column::VERSION)),
            "arm" => ("arm", served_arm()),
            "request_type" => ("request_type", text(column::REQUEST_TYPE)),
            _ => return Err(Problem::bad_request("`group` is version, arm or request_type")),
        };
        Ok(Self { name, expression })
    }

    /// The predictions of the question, as SQL: of all arms where these are the groups.
    fn condition(&self, asked: &Asked) -> String {
        let range = time_condition(writable(asked.range));
        match self.name {
            "arm" => range,
            _ => format!("{range} AND {} = '{}'", served_arm(), asked.arm.replace('\'', "''")),
        }
    }
}

/// The groups with the most requests: name, requests, and those that failed.
async fn groups_of(
    engine: &QueryEngine,
    grouping: &Grouping,
    condition: &str,
) -> Result<Vec<(String, u64, u64)>, PipelineError> {
    let expression = &grouping.expression;
    let statement = format!(
        "SELECT {expression} AS \"group\", count(*) AS \"requests\", count(\"error\") AS \"failed\" \
         FROM predictions WHERE {condition} GROUP BY {expression} \
         ORDER BY \"requests\" DESC, \"group\" LIMIT {MOST_GROUPS}"
    );
    let count = |rows: i64| u64::try_from(rows).unwrap_or(0);
    let mut groups = Vec::new();
    for batch in engine.sql(&statement).await? {
        let rows = Rows(&batch);
        let (names, requests, failed) = (rows.texts("group")?, rows.integers("requests")?, rows.integers("failed")?);
        let all = names.into_iter().zip(requests).zip(failed);
        groups.extend(all.map(|((name, requests), failed)| (name, count(requests), count(failed))));
    }
    Ok(groups)
}

/// Reads what the requests took and used, a batch at a time.
async fn requests_of(
    engine: &QueryEngine,
    grouping: &Grouping,
    condition: &str,
    mut requests: Requests,
) -> Result<Requests, PipelineError> {
    let costs: String = COSTS.iter().map(|name| format!(", \"{name}\"")).collect();
    let statement = format!(
        "SELECT {} AS \"group\", {} AS \"served_arm\", CASE WHEN \"error\" IS NULL THEN 0 ELSE 1 END AS \"failed\", \
         \"latency_ms\", \"calls\"{costs} FROM predictions WHERE {condition}",
        grouping.expression,
        served_arm(),
    );
    let mut stream = engine.stream(&statement).await?;
    while let Some(batch) = stream.next().await {
        requests.add(&batch.map_err(QueryError::from)?)?;
    }
    Ok(requests)
}

/// Why inputs of the arm were invalid in the periods of the range.
fn invalid_inputs(asked: &Asked) -> Vec<InvalidInput> {
    let mut counted: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for feature in asked.spec().features.names() {
        let Some(number) = asked.view.names.number(&profile_column(Arrow::Features, feature)) else { continue };
        for figures in asked.periods().iter().filter_map(|period| period.figures(number)) {
            for (reason, rows) in &figures.invalid {
                *counted.entry((feature, reason.as_str())).or_default() += rows;
            }
        }
    }
    let told = |((feature, reason), rows): ((&str, &str), u64)| InvalidInput {
        feature: feature.to_owned(),
        reason: reason.to_owned(),
        rows,
    };
    let mut invalid: Vec<InvalidInput> = counted.into_iter().map(told).collect();
    // Those of the same number stay in the order of their names.
    invalid.sort_by_key(|invalid| std::cmp::Reverse(invalid.rows));
    invalid.truncate(MOST_REASONS);
    invalid
}

fn cost_of(spec: Option<&CostSpec>, requests: &Requests) -> RequestCost {
    let [cpu_ms, gpu_ms, memory_mb, bytes, tokens_in, tokens_out] = requests.means();
    let cost = spec.map(|spec| Cost::of(spec, &requests.usage())).unwrap_or_default();
    RequestCost {
        cpu_ms,
        gpu_ms,
        memory_mb,
        bytes,
        tokens_in,
        tokens_out,
        per_1k: cost.total(),
        currency: cost.currency,
        at_most_per_1k: cost.at_most,
        parts: cost.parts.into_iter().map(|(name, per_1k)| CostPart { name, per_1k }).collect(),
        unpriced: cost.unpriced,
    }
}

/// Gives the service over the range: latencies and failures by group, invalid inputs, calls and cost.
#[utoipa::path(get, path = "/v1/models/{model}/inference", tag = "reading",
    params(("model" = String, Path, description = "The name of the model, as in its events"), InferenceQuery),
    responses((status = 200, description = "The service over the range", body = Inference), Reads)
)]
pub async fn inference(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    query: Result<Query<InferenceQuery>, QueryRejection>,
) -> Result<Json<Inference>, Problem> {
    let Query(query) = query.map_err(|error| bad_parameter(&error))?;
    let InferenceQuery { from, to, last, by, arm, group } = query;
    let grouping = Grouping::of(group.as_deref().unwrap_or("version"))?;
    let asked = of(&app, &model, &RangeQuery { from, to, last, by, arm }).await?;
    let condition = grouping.condition(&asked);
    let (groups, requests) = within(Box::pin(async {
        let engine = open(&app, &model, &[Kind::Prediction]).await?;
        let groups = groups_of(&engine, &grouping, &condition).await?;
        let requests = Requests::new(&asked.arm, groups.iter().map(|(name, ..)| name.clone()));
        Ok::<_, PipelineError>((groups, requests_of(&engine, &grouping, &condition, requests).await?))
    }))
    .await?;
    let group = |(group, rows, failed): (String, u64, u64)| {
        let latencies = requests.latencies(&group);
        let [p50_ms, p95_ms, p99_ms] = latencies.quantiles;
        let convention = latencies.convention;
        InferenceGroup { group, rows, failed, timed: latencies.rows, p50_ms, p95_ms, p99_ms, convention }
    };
    let calls = requests.usage().calls.into_iter().map(|(service, usage)| ServiceCalls {
        ms_per_call: requests.ms_per_call(&service),
        calls_per_request: usage.calls,
        service,
    });
    let spec = asked.spec();
    Ok(Json(Inference {
        scope: asked.scope(),
        periods: asked.windows().into_iter().map(|window| Period::of(window, asked.length, &asked.zone)).collect(),
        group: grouping.name,
        groups: groups.into_iter().map(group).collect(),
        invalid: invalid_inputs(&asked),
        calls: calls.collect(),
        cost: cost_of(spec.cost.as_ref(), &requests),
        observed: Observed {
            latency: requests.has_latencies(),
            errors: requests.has_failures(),
            cost: requests.has_costs(),
            calls: requests.has_calls(),
        },
        targets: spec.service.as_ref().map(ServiceTargets::from).unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_grouped_by_what_the_api_names() {
        let of = |name: &str| Grouping::of(name).map(|grouping| grouping.expression);
        assert_eq!(of("arm").unwrap(), "coalesce(\"arm\", 'control')");
        assert_eq!(of("request_type").unwrap(), "coalesce(\"request_type\", '')");
        assert!(of("version, (SELECT 1)").is_err());
    }

    #[test]
    fn targets_are_told_in_milliseconds_and_shares() {
        let service = Service {
            p95_latency: Some(Duration::from_microseconds(150_000)),
            error_rate: Some(Share::new(0.001).unwrap()),
            ..Service::default()
        };
        let expected =
            ServiceTargets { p95_latency_ms: Some(150.0), error_rate: Some(0.001), ..ServiceTargets::default() };
        assert_eq!(ServiceTargets::from(&service), expected);
    }

    #[test]
    fn without_prices_the_use_is_told_and_no_cost() {
        let requests = Requests::new("control", Vec::new());
        assert_eq!(cost_of(None, &requests), RequestCost::default());
    }
}
