//! The features of a model in one table: how far each moved, how much that matters, what is missing.

use super::findings::{judged_of, verdicts_of};
use super::scope::{Asked, RangeQuery, Scope, bad_parameter, of};
use super::series::places;
use super::windows::{broken_since, latest};
use super::words::{Period, VerdictName};
use crate::http::App;
use crate::http::answers::Reads;
use crate::http::problem::Problem;
use crate::ingest::ModelDoor;
use crate::judged::{ColumnFigures, FigureCosts, MeanCost};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use quiver_event::Arrow;
use quiver_event::spec::Feature;
use quiver_event::time::{Timestamp, Window, WindowLength};
use quiver_judge::diagnosis::explained_share;
use quiver_judge::facts::profile_column;
use quiver_judge::finding::{Limit, Monitor, Verdict};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::{IntoParams, ToSchema};

/// Answers whose rows are kept for the next question.
const KEPT: usize = 4;

/// Rows of more places than this, features times periods, are not kept: about 20 MB.
const KEPT_PLACES: usize = 1 << 20;

/// Features given where the question does not say how many, and at most.
const LIMITS: (usize, usize) = (100, 500);

/// Which features are asked for, and in what order.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeaturesQuery {
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
    /// Only features whose name or source holds this text.
    pub search: Option<String>,
    /// Only features whose latest verdict is one of these, with commas between them.
    pub verdict: Option<String>,
    /// `attention` (the default), `name`, `drift`, `harm`, `missing`, `stale`, `defaulted`, `invalid` or `cost`.
    pub sort: Option<String>,
    /// `asc` or `desc`. Default: `desc`, but `asc` for names.
    pub order: Option<String>,
    /// How many are given, at most 500. Default: 100.
    pub limit: Option<usize>,
    /// How many are left out before. Default: none.
    pub offset: Option<usize>,
}

/// Features of a model.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Features {
    /// What the answer is about.
    pub scope: Scope,
    /// How many there are.
    pub total: usize,
    /// The periods.
    pub periods: Vec<Period>,
    /// Those of this page.
    pub features: Vec<FeatureRow>,
}

/// One feature.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FeatureRow {
    /// Its name.
    pub feature: String,
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
    /// The verdict of the latest period that says anything.
    #[schema(value_type = VerdictName)]
    pub verdict: Verdict,
    /// The worst verdict of each period.
    #[schema(value_type = Vec<VerdictName>)]
    pub verdicts: Vec<Verdict>,
    /// Since when it is broken, where it is.
    pub broken_since: Option<Period>,
    /// The distance from the reference in the latest period that has one.
    pub drift: Option<f64>,
    /// The largest distance in the range.
    pub drift_peak: Option<f64>,
    /// The bound of the distance.
    pub drift_limit: Option<f64>,
    /// The convention of the distance.
    pub drift_convention: Option<String>,
    /// The distance in each period.
    pub drifts: Vec<Option<f64>>,
    /// How much of the move of the mean output goes with it, in the period in which the first arrow broke.
    pub harm: Option<f64>,
    /// Share of rows without a value.
    pub missing_share: Option<f64>,
    /// Share of rows with a stand-in for the value.
    pub defaulted_share: Option<f64>,
    /// Share of rows with a value that is too old; nothing where no row tells an age.
    pub stale_share: Option<f64>,
    /// Share of rows with an invalid value.
    pub invalid_share: Option<f64>,
    /// What a value costs to fetch, where events tell it (`feature_meta`): means over the rows that do.
    pub costs: Option<FigureCosts>,
    /// Rows in which it was looked at.
    pub rows: u64,
}

impl FeatureRow {
    fn new(name: &str, feature: &Feature, periods: usize) -> Self {
        Self {
            feature: name.to_owned(),
            kind: feature.kind.name(),
            unit: feature.unit.clone(),
            privacy: feature.privacy.name(),
            source: feature.source.clone(),
            is_required: feature.required,
            verdict: Verdict::NoData,
            verdicts: vec![Verdict::NoData; periods],
            broken_since: None,
            drift: None,
            drift_peak: None,
            drift_limit: None,
            drift_convention: None,
            drifts: vec![None; periods],
            harm: None,
            missing_share: None,
            defaulted_share: None,
            stale_share: None,
            invalid_share: None,
            costs: None,
            rows: 0,
        }
    }

    /// Only what the row tells is added up: there are thousands of columns in each of hundreds of periods.
    fn set_shares<'a>(&mut self, periods: impl Iterator<Item = &'a ColumnFigures>) {
        let [mut rows, mut missing, mut defaulted, mut stale, mut fresh, mut invalid] = [0; 6];
        for figures in periods.filter(|figures| figures.rows > 0) {
            rows += figures.rows;
            missing += figures.missing;
            defaulted += figures.defaulted;
            stale += figures.stale;
            fresh += figures.fresh;
            invalid += figures.invalid_rows();
            if let Some(costs) = &figures.costs {
                self.costs.get_or_insert_default().add(costs);
            }
        }
        let share = |of: u64| (rows > 0).then(|| of as f64 / rows as f64);
        self.rows = rows;
        self.missing_share = share(missing);
        self.defaulted_share = share(defaulted);
        // Where no age is known, nobody can say that none was too old.
        self.stale_share = share(stale).filter(|_| stale + fresh > 0);
        self.invalid_share = share(invalid);
    }
}

/// What the rows of an answer depend on.
#[derive(Debug)]
struct RowsKey {
    door: Arc<ModelDoor>,
    arm: String,
    range: Window,
    length: WindowLength,
    revision: Option<i64>,
}

impl RowsKey {
    fn of(asked: &Asked) -> Self {
        Self {
            door: Arc::clone(&asked.door),
            arm: asked.arm.clone(),
            range: asked.range,
            length: asked.length,
            revision: asked.view.progress.as_ref().map(|progress| progress.revision),
        }
    }

    fn is(&self, other: &Self) -> bool {
        let same = |of: &Self| (of.range, of.length, of.revision);
        Arc::ptr_eq(&self.door, &other.door) && self.arm == other.arm && same(self) == same(other)
    }
}

/// The rows of the last answers: who sorts, searches or turns pages asks for the same ones again.
#[derive(Debug, Default)]
pub struct KeptRows(Mutex<VecDeque<(RowsKey, Arc<Vec<FeatureRow>>)>>);

impl KeptRows {
    fn get(&self, key: &RowsKey) -> Option<Arc<Vec<FeatureRow>>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(of, _)| of.is(key)).map(|(_, rows)| Arc::clone(rows))
    }

    fn put(&self, key: RowsKey, rows: &Arc<Vec<FeatureRow>>) {
        if rows.first().map_or(0, |row| row.verdicts.len()) * rows.len() > KEPT_PLACES {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(KEPT - 1);
        kept.push_front((key, Arc::clone(rows)));
    }
}

/// The rows of all features, in the spec's order.
pub fn rows_of(asked: &Asked, periods: &[Period], places: &HashMap<Timestamp, usize>) -> Vec<FeatureRow> {
    let names = &asked.view.names;
    let mut rows: Vec<FeatureRow> =
        asked.spec().features.iter().map(|(name, feature)| FeatureRow::new(name, feature, places.len())).collect();
    // There are thousands of features in each of hundreds of periods: a look at a list, not into a map, for each.
    let mut row_of: Vec<Option<usize>> = vec![None; names.count()];
    for (row, of) in rows.iter().enumerate() {
        if let Some(number) = names.number(&of.feature) {
            row_of[number as usize] = Some(row);
        }
    }
    for period in asked.periods() {
        let Some(&place) = places.get(&period.window.start) else { continue };
        for cell in period.of_arrow(Arrow::Features).iter().filter(|cell| cell.slice.is_none()) {
            let Some(row) = row_of.get(cell.subject as usize).copied().flatten() else { continue };
            let row = &mut rows[row];
            if cell.verdict.rank() > row.verdicts[place].rank() {
                row.verdicts[place] = cell.verdict;
            }
            if cell.monitor == Monitor::Drift
                && let Some(value) = cell.value
            {
                row.drifts[place] = Some(value);
                row.drift = Some(value);
                row.drift_peak = Some(row.drift_peak.map_or(value, |peak| peak.max(value)));
                row.drift_limit = match cell.limit {
                    Some(Limit::AtMost(high) | Limit::Within(_, high)) => Some(high),
                    Some(Limit::AtLeast(_)) | None => None,
                };
                if row.drift_convention.is_none() {
                    row.drift_convention = Some(names.text(cell.convention).to_owned());
                }
            }
        }
    }
    for row in &mut rows {
        row.verdict = latest(&row.verdicts);
        row.broken_since = broken_since(&row.verdicts).map(|since| periods[since].clone());
        if let Some(column) = names.number(&profile_column(Arrow::Features, &row.feature)) {
            row.set_shares(asked.periods().iter().filter_map(|period| period.figures(column)));
        }
    }
    rows
}

/// How much of the move of the mean output goes with each feature, where the first arrow broke.
async fn harms(app: &App, asked: &Asked) -> Result<BTreeMap<String, f64>, Problem> {
    let first = asked.periods().iter().find(|period| period.arrows.contains(&Verdict::Broken));
    let Some(first) = first else { return Ok(BTreeMap::new()) };
    let judged = judged_of(app, asked, &asked.arm, first.window).await?;
    let shifts = judged.into_iter().flat_map(|(_, judged)| judged.shifts);
    Ok(shifts.filter_map(|shift| Some((shift.feature.clone(), explained_share(&shift)?))).collect())
}

/// How two features are compared.
type Comparison = fn(&FeatureRow, &FeatureRow) -> Ordering;

fn by_number(left: Option<f64>, right: Option<f64>) -> Ordering {
    // What is not known comes last where the largest comes first.
    left.unwrap_or(f64::NEG_INFINITY).total_cmp(&right.unwrap_or(f64::NEG_INFINITY))
}

fn attention(left: &FeatureRow, right: &FeatureRow) -> Ordering {
    let broken = |row: &FeatureRow| row.verdicts.iter().filter(|verdict| **verdict == Verdict::Broken).count();
    let order = left.verdict.rank().cmp(&right.verdict.rank()).then(broken(left).cmp(&broken(right)));
    order.then(by_number(left.drift_peak, right.drift_peak))
}

fn comparison(sort: Option<&str>) -> Result<Comparison, Problem> {
    Ok(match sort.unwrap_or("attention") {
        "attention" => attention,
        "name" => |left, right| left.feature.cmp(&right.feature),
        "drift" => |left, right| by_number(left.drift, right.drift),
        "harm" => |left, right| by_number(left.harm.map(f64::abs), right.harm.map(f64::abs)),
        "cost" => |left, right| {
            let of = |row: &FeatureRow, pick: fn(&FigureCosts) -> Option<MeanCost>| {
                row.costs.as_ref().and_then(pick).map(|cost| cost.mean)
            };
            let by = |pick| by_number(of(left, pick), of(right, pick));
            by(|costs| costs.ms).then(by(|costs| costs.calls))
        },
        "missing" => |left, right| by_number(left.missing_share, right.missing_share),
        "stale" => |left, right| by_number(left.stale_share, right.stale_share),
        "defaulted" => |left, right| by_number(left.defaulted_share, right.defaulted_share),
        "invalid" => |left, right| by_number(left.invalid_share, right.invalid_share),
        _ => {
            let told = "`sort` is attention, name, drift, harm, missing, stale, defaulted, invalid or cost";
            return Err(Problem::bad_request(told));
        }
    })
}

/// Lists the features of a model, those that need a person first.
#[utoipa::path(get, path = "/v1/models/{model}/features", tag = "reading",
    params(("model" = String, Path, description = "The name of the model, as in its events"), FeaturesQuery),
    responses((status = 200, description = "The features", body = Features), Reads)
)]
pub async fn features(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    query: Result<Query<FeaturesQuery>, QueryRejection>,
) -> Result<Json<Features>, Problem> {
    let Query(query) = query.map_err(|error| bad_parameter(&error))?;
    let FeaturesQuery { from, to, last, by, arm, .. } = query.clone();
    let asked = of(&app, &model, &RangeQuery { from, to, last, by, arm }).await?;
    let verdicts = verdicts_of(query.verdict.as_deref())?;
    let compare = comparison(query.sort.as_deref())?;
    let ascending = match query.order.as_deref() {
        None => query.sort.as_deref() == Some("name"),
        Some("asc") => true,
        Some("desc") => false,
        Some(_) => return Err(Problem::bad_request("`order` is asc or desc")),
    };
    let (periods, places) = places(&asked);
    let key = RowsKey::of(&asked);
    let all = match app.feature_rows.get(&key) {
        Some(rows) => rows,
        None => {
            let mut rows = rows_of(&asked, &periods, &places);
            let harms = harms(&app, &asked).await?;
            rows.iter_mut().for_each(|row| row.harm = harms.get(&row.feature).copied());
            let rows = Arc::new(rows);
            app.feature_rows.put(key, &rows);
            rows
        }
    };
    let mut rows: Vec<&FeatureRow> = all.iter().collect();
    if let Some(search) = query.search.as_ref().map(|search| search.to_lowercase()) {
        let holds = |text: &str| text.to_lowercase().contains(&search);
        rows.retain(|row| holds(&row.feature) || row.source.as_deref().is_some_and(holds));
    }
    if let Some(verdicts) = verdicts {
        rows.retain(|row| verdicts.contains(&row.verdict));
    }
    // Stable, so that equal ones keep the spec's order in either direction.
    rows.sort_by(|left, right| if ascending { compare(left, right) } else { compare(right, left) });
    let total = rows.len();
    let limit = query.limit.unwrap_or(LIMITS.0).min(LIMITS.1);
    let features = rows.into_iter().skip(query.offset.unwrap_or(0)).take(limit).cloned().collect();
    Ok(Json(Features { scope: asked.scope(), total, periods, features }))
}
