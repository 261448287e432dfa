//! One feature: its values against the reference's, over time.

use super::features::rows_of;
use super::scope::{Asked, RangeQuery, Scope, ask};
use super::series::{Chosen, Series, places, series_of};
use super::words::{Bin, Period, VerdictName};
use crate::http::App;
use crate::http::answers::Reads;
use crate::http::problem::Problem;
use crate::judged::ColumnFigures;
use crate::pipeline::Pipeline;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use quiver_event::Arrow;
use quiver_event::time::Timestamp;
use quiver_judge::facts::profile_column;
use quiver_judge::finding::Verdict;
use quiver_profile::Profile;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Series of one feature, its slices left out.
const MOST_SERIES: usize = 100;

/// A feature against its reference.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FeatureDetail {
    /// What the answer is about.
    pub scope: Scope,
    /// What the spec says of it.
    pub feature: DeclaredFeature,
    /// The verdict of the latest period that says anything.
    #[schema(value_type = VerdictName)]
    pub verdict: Verdict,
    /// The periods.
    pub periods: Vec<Period>,
    /// The reference's frozen bins; empty without a reference.
    pub bins: Vec<Bin>,
    /// The figures of the reference.
    pub reference: Option<ColumnFigures>,
    /// The figures of the whole range: counts and bins added up; quantiles only where the range is one period.
    pub current: ColumnFigures,
    /// The figures of each period.
    pub windows: Vec<Option<ColumnFigures>>,
    /// What the monitors say of it over time.
    pub series: Vec<Series>,
}

/// What the spec says of a feature.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DeclaredFeature {
    /// Its name.
    pub name: String,
    /// The type of its values.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The unit people read.
    pub unit: Option<String>,
    /// What kind of data it is.
    pub privacy: &'static str,
    /// The source it is computed from.
    pub source: Option<String>,
    /// Whether a prediction without it is invalid.
    pub is_required: bool,
    /// The smallest and the largest valid number.
    #[schema(min_items = 2, max_items = 2)]
    pub range: Option<[f64; 2]>,
    /// The valid categories.
    pub values: Option<Vec<String>>,
    /// The oldest its raw event may be.
    pub max_age_seconds: Option<f64>,
}

/// What is known of a profile column over the asked range.
#[derive(Debug, Clone, Default)]
pub struct ColumnOverTime {
    /// The reference's bins.
    pub bins: Vec<Bin>,
    /// The figures of the reference.
    pub reference: Option<ColumnFigures>,
    /// The figures of the range.
    pub current: ColumnFigures,
    /// The figures of each period.
    pub windows: Vec<Option<ColumnFigures>>,
}

/// The reference of an arm, where there is one.
pub async fn reference_of(app: &App, asked: &Asked, arm: &str) -> Result<Option<Arc<Profile>>, Problem> {
    let pipeline = Pipeline::reading(Arc::clone(&app.workspace), asked.spec().clone());
    pipeline.reference_profile(arm).await.map_err(|error| {
        tracing::error!(%error, "a reference cannot be read");
        Problem::overloaded("the reference cannot be read now; ask again later")
    })
}

/// A profile column over the asked range.
pub fn over_time(
    asked: &Asked,
    column: &str,
    reference: Option<&Profile>,
    places: &HashMap<Timestamp, usize>,
) -> ColumnOverTime {
    let mut found = ColumnOverTime { windows: vec![None; places.len()], ..ColumnOverTime::default() };
    if let Some(column) = reference.and_then(|profile| profile.column(column)) {
        found.bins = column.coarse().into_iter().map(|(label, _)| Bin::from(label)).collect();
        found.reference = Some(ColumnFigures::of(column));
    }
    let Some(number) = asked.view.names.number(column) else { return found };
    for period in asked.periods() {
        let place = places.get(&period.window.start);
        if let (Some(place), Some(figures)) = (place, period.figures(number)) {
            found.current.add(figures);
            found.windows[*place] = Some(figures.clone());
        }
    }
    found
}

/// Tells of one feature: its values against the reference's, over time, and what the monitors say.
#[utoipa::path(get, path = "/v1/models/{model}/features/{feature}", tag = "reading",
    params(
        ("model" = String, Path, description = "The name of the model, as in its events"),
        ("feature" = String, Path, description = "The name of the feature, as in the spec"),
        RangeQuery
    ),
    responses((status = 200, description = "The feature", body = FeatureDetail), Reads)
)]
pub async fn feature(
    State(app): State<Arc<App>>,
    Path((model, name)): Path<(String, String)>,
    query: Result<Query<RangeQuery>, QueryRejection>,
) -> Result<Json<FeatureDetail>, Problem> {
    let asked = ask(&app, &model, query).await?;
    let Some(declared) = asked.spec().features.get(&name) else { return Err(unknown_feature(&asked, &name)) };
    let (periods, places) = places(&asked);
    let reference = reference_of(&app, &asked, &asked.arm).await?;
    let column = over_time(&asked, &profile_column(Arrow::Features, &name), reference.as_deref(), &places);
    let chosen = Chosen { slices: false, ..Chosen::of(&asked, Some("features"), None, Some(&name))? };
    let (series, _) = series_of(&asked, &asked.arm, &places, &chosen, MOST_SERIES);
    let row = rows_of(&asked, &periods, &places).into_iter().find(|row| row.feature == name);
    let max_age = declared.max_age.or_else(|| {
        declared.source.as_ref().and_then(|source| asked.spec().sources.get(source)).and_then(|source| source.max_age)
    });
    let values = declared.values.as_ref().map(|values| {
        values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
    });
    Ok(Json(FeatureDetail {
        scope: asked.scope(),
        feature: DeclaredFeature {
            name: name.clone(),
            kind: declared.kind.name(),
            unit: declared.unit.clone(),
            privacy: declared.privacy.name(),
            source: declared.source.clone(),
            is_required: declared.required,
            range: declared.range,
            values,
            max_age_seconds: max_age.map(|age| age.seconds()),
        },
        verdict: row.map_or(Verdict::NoData, |row| row.verdict),
        periods,
        bins: column.bins,
        reference: column.reference,
        current: column.current,
        windows: column.windows,
        series,
    }))
}

/// The answer to a name that no feature has.
pub fn unknown_feature(asked: &Asked, name: &str) -> Problem {
    let nearest = quiver_event::spec::nearest_word(name, asked.spec().features.names());
    let hint = nearest.map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"));
    Problem::not_found(format!("the spec declares no feature of this name{hint}"))
}
