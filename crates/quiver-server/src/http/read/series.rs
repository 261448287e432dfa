//! Series: what one monitor says of one subject, period by period.

use super::scope::{Asked, RangeQuery, Scope, bad_parameter, of};
use super::words::{ArrowName, LimitAnswer, MonitorName, Period, SliceAnswer, VerdictName};
use crate::http::App;
use crate::http::answers::Reads;
use crate::http::problem::Problem;
use crate::views::Cell;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use quiver_event::Arrow;
use quiver_event::time::Timestamp;
use quiver_judge::finding::{Monitor, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Series given at a time.
const MOST_SERIES: usize = 500;

/// Which series are asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SeriesQuery {
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
    /// Only this arrow: `features`, `inference`, `decision` or `feedback`.
    pub arrow: Option<String>,
    /// Only this monitor, such as `drift`.
    pub monitor: Option<String>,
    /// Only this subject, such as a feature.
    pub subject: Option<String>,
    /// Whether slices are given too. Default: only the whole population.
    pub slices: Option<bool>,
}

/// Which findings are meant.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chosen {
    /// Only this arrow.
    pub arrow: Option<Arrow>,
    /// Only this monitor.
    pub monitor: Option<Monitor>,
    /// Only the subject of this number; none of that name gives no series.
    pub subject: Option<Option<u32>>,
    /// Whether slices are meant too.
    pub slices: bool,
}

impl Chosen {
    /// Reads the names of an arrow, a monitor and a subject.
    ///
    /// # Errors
    /// When there is no such arrow or monitor.
    pub fn of(
        asked: &Asked,
        arrow: Option<&str>,
        monitor: Option<&str>,
        subject: Option<&str>,
    ) -> Result<Self, Problem> {
        let arrows = "`arrow` is features, inference, decision or feedback";
        let arrow = match arrow {
            None => None,
            Some(name) => {
                let found = Arrow::ALL.into_iter().find(|arrow| arrow.name() == name);
                Some(found.ok_or_else(|| Problem::bad_request(arrows))?)
            }
        };
        let monitors = || format!("`monitor` is one of: {}", Monitor::ALL.map(Monitor::name).join(", "));
        let monitor = match monitor {
            None => None,
            Some(name) => Some(Monitor::of_name(name).ok_or_else(|| Problem::bad_request(monitors()))?),
        };
        Ok(Self { arrow, monitor, subject: subject.map(|name| asked.view.names.number(name)), slices: true })
    }

    /// Whether a cell is meant.
    pub fn has(&self, cell: &Cell) -> bool {
        self.arrow.is_none_or(|arrow| cell.monitor.arrow() == arrow)
            && self.monitor.is_none_or(|monitor| cell.monitor == monitor)
            && self.subject.is_none_or(|subject| Some(cell.subject) == subject)
            && (self.slices || cell.slice.is_none())
    }
}

/// Series of values.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SeriesAnswer {
    /// What the answer is about.
    pub scope: Scope,
    /// The periods.
    pub periods: Vec<Period>,
    /// The series, by arrow, monitor and subject.
    pub series: Vec<Series>,
    /// Whether there are more; ask for one arrow, monitor or subject.
    pub truncated: bool,
}

/// What one monitor says of one subject, with a place for each period.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Series {
    /// The arm.
    pub arm: String,
    /// The arrow.
    #[schema(value_type = ArrowName)]
    pub arrow: Arrow,
    /// The monitor.
    #[schema(value_type = MonitorName)]
    pub monitor: Monitor,
    /// What was judged.
    pub subject: String,
    /// The part of the population, where it is not the whole.
    pub slice: Option<SliceAnswer>,
    /// The convention by which the values were computed.
    pub convention: String,
    /// The bound of the latest period.
    pub limit: Option<LimitAnswer>,
    /// The values.
    pub values: Vec<Option<f64>>,
    /// The lower ends of their intervals.
    pub low: Vec<Option<f64>>,
    /// The upper ends.
    pub high: Vec<Option<f64>>,
    /// What the reference gives by chance.
    pub noise_floor: Vec<Option<f64>>,
    /// The same value in the reference.
    pub reference_value: Option<f64>,
    /// Rows behind each value.
    pub rows: Vec<u64>,
    /// Rows behind the reference's value.
    pub reference_rows: u64,
    /// The conclusions.
    #[schema(value_type = Vec<VerdictName>)]
    pub verdicts: Vec<Verdict>,
}

/// The places of the asked periods.
pub fn places(asked: &Asked) -> (Vec<Period>, HashMap<Timestamp, usize>) {
    let windows = asked.windows();
    let periods = windows.iter().map(|window| Period::of(*window, asked.length, &asked.zone)).collect();
    (periods, windows.iter().enumerate().map(|(place, window)| (window.start, place)).collect())
}

/// The series of an arm that are meant, the first `most` of them, and whether there are more.
pub fn series_of(
    asked: &Asked,
    arm: &str,
    places: &HashMap<Timestamp, usize>,
    chosen: &Chosen,
    most: usize,
) -> (Vec<Series>, bool) {
    let names = &asked.view.names;
    let mut found: BTreeMap<(Arrow, Monitor, u32, Option<u32>), Series> = BTreeMap::new();
    let mut truncated = false;
    for period in asked.view.of(arm, asked.range) {
        let Some(&place) = places.get(&period.window.start) else { continue };
        for cell in period.cells.iter().filter(|cell| chosen.has(cell)) {
            let key = (cell.monitor.arrow(), cell.monitor, cell.subject, cell.slice);
            if found.len() >= most && !found.contains_key(&key) {
                truncated = true;
                continue;
            }
            let none = || vec![None; places.len()];
            let series = found.entry(key).or_insert_with(|| Series {
                arm: arm.to_owned(),
                arrow: cell.monitor.arrow(),
                monitor: cell.monitor,
                subject: names.text(cell.subject).to_owned(),
                slice: cell.slice.and_then(|slice| names.slice(slice)).map(SliceAnswer::from),
                convention: String::new(),
                limit: None,
                values: none(),
                low: none(),
                high: none(),
                noise_floor: none(),
                reference_value: None,
                rows: vec![0; places.len()],
                reference_rows: 0,
                verdicts: vec![Verdict::NoData; places.len()],
            });
            series.values[place] = cell.value;
            series.low[place] = cell.interval.map(|interval| interval[0]);
            series.high[place] = cell.interval.map(|interval| interval[1]);
            series.noise_floor[place] = cell.noise_floor;
            series.rows[place] = cell.rows;
            series.verdicts[place] = cell.verdict;
            // Periods come in order of time: the latest holds.
            series.limit = cell.limit.map(LimitAnswer::from).or(series.limit);
            series.reference_value = cell.reference_value.or(series.reference_value);
            series.reference_rows = cell.reference_rows.max(series.reference_rows);
            let convention = names.text(cell.convention);
            if !convention.is_empty() && series.convention != convention {
                series.convention = convention.to_owned();
            }
        }
    }
    (found.into_values().collect(), truncated)
}

/// Gives what monitors say over time, in columns.
#[utoipa::path(get, path = "/v1/models/{model}/series", tag = "reading",
    params(("model" = String, Path, description = "The name of the model, as in its events"), SeriesQuery),
    responses((status = 200, description = "The series", body = SeriesAnswer), Reads)
)]
pub async fn series(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    query: Result<Query<SeriesQuery>, QueryRejection>,
) -> Result<Json<SeriesAnswer>, Problem> {
    let Query(query) = query.map_err(|error| bad_parameter(&error))?;
    let SeriesQuery { from, to, last, by, arm, .. } = query.clone();
    let asked = of(&app, &model, &RangeQuery { from, to, last, by, arm }).await?;
    let chosen = Chosen::of(&asked, query.arrow.as_deref(), query.monitor.as_deref(), query.subject.as_deref())?;
    let chosen = Chosen { slices: query.slices.unwrap_or(false), ..chosen };
    let (periods, places) = places(&asked);
    let (series, truncated) = series_of(&asked, &asked.arm, &places, &chosen, MOST_SERIES);
    Ok(Json(SeriesAnswer { scope: asked.scope(), periods, series, truncated }))
}
