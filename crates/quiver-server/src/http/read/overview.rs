//! All models at a glance, those that need a person first.

use super::findings::judged_of;
use super::inference::price::{CallUsage, Cost, Usage};
use super::remembered::Remembered;
use super::scope::{Asked, RangeQuery, bad_parameter, of};
use super::series::places;
use super::windows::{arms_of, arrow_windows, standing_broken_since};
use super::words::{
    ArrowName, ByName, FindingAnswer, LimitAnswer, MonitorName, Period, VerdictName, WindowAnswer, by_name,
};
use crate::http::App;
use crate::http::answers::Guarded;
use crate::http::problem::Problem;
use crate::judged::ColumnFigures;
use crate::measure::priced_services;
use crate::pipeline::at_once;
use crate::views::{Cell, PeriodView};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use futures::{StreamExt, TryStreamExt, stream};
use quiver_event::Arrow;
use quiver_event::time::Timestamp;
use quiver_judge::facts::{profile_column, subject};
use quiver_judge::finding::{Finding, Monitor, Verdict};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The range that is looked at.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OverviewQuery {
    /// The first instant of event time (RFC 3339), or a date in each model's zone. Default: the first event known.
    pub from: Option<String>,
    /// The first instant after the range, or a date in each model's zone. Default: after each model's last event.
    pub to: Option<String>,
    /// In the place of `from`: how far back from `to`, such as `30d`.
    pub last: Option<String>,
    /// The length of periods: `window` (the spec's own), `day`, `week` or `month`. Default: what fits the range.
    pub by: Option<String>,
}

/// All models.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Overview {
    /// Lists of periods: models whose periods are the same share one.
    pub calendars: Vec<Vec<Period>>,
    /// The models, those that need a person first.
    pub models: Vec<OverviewModel>,
}

/// One model at a glance: its live arm.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OverviewModel {
    /// The model.
    pub model: String,
    /// What it predicts.
    pub task: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Its time zone.
    pub timezone: String,
    /// The business metric it exists to move.
    pub purpose: Option<String>,
    /// The length of periods.
    #[schema(value_type = ByName)]
    pub by: &'static str,
    /// From the first period to the last that holds anything.
    pub known: Option<WindowAnswer>,
    /// The latest event time seen.
    pub latest_event_at: Option<String>,
    /// The place of its list of periods among the calendars.
    pub calendar: usize,
    /// All arms, the live one first.
    pub arms: Vec<String>,
    /// The versions of the live arm that answered in the range.
    pub versions: Vec<String>,
    /// Predictions of each period.
    pub rows: Vec<u64>,
    /// The four arrows.
    pub arrows: Vec<OverviewArrow>,
    /// What a thousand predictions of the range cost by the prices of the spec, as far as events tell what they used.
    pub cost_per_1k: Option<f64>,
    /// The currency of the cost.
    pub currency: Option<String>,
    /// The arrow that broke first and is still broken.
    pub first_broken: Option<FirstBroken>,
    /// How much a person is needed; the list is sorted by it, the largest first.
    pub attention: u64,
}

/// One arrow at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OverviewArrow {
    /// The arrow.
    #[schema(value_type = ArrowName)]
    pub arrow: Arrow,
    /// The worst of what was concluded last of each of its monitors.
    #[schema(value_type = VerdictName)]
    pub verdict: Verdict,
    /// The worst verdict of each period.
    #[schema(value_type = Vec<VerdictName>)]
    pub verdicts: Vec<Verdict>,
    /// Since when it is broken, where it is.
    pub broken_since: Option<Period>,
    /// The series that tells most of it.
    pub lead: Option<Lead>,
}

/// The series that tells most of an arrow.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Lead {
    /// The monitor.
    #[schema(value_type = MonitorName)]
    pub monitor: Monitor,
    /// What was judged.
    pub subject: String,
    /// The values of each period, to four significant digits.
    pub values: Vec<Option<f64>>,
    /// The bound.
    pub limit: Option<LimitAnswer>,
}

/// The arrow that broke first and is still broken.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FirstBroken {
    /// The arrow.
    #[schema(value_type = ArrowName)]
    pub arrow: Arrow,
    /// Since when.
    pub since: Period,
    /// The first finding that says so, in words.
    pub evidence: String,
    /// The same finding in figures.
    pub finding: Option<FindingAnswer>,
}

/// How well one subject of an arrow tells of it.
#[derive(Debug, Clone, Copy, Default)]
struct Candidate {
    /// Periods in which it is broken.
    broken: usize,
    /// Periods in which it drifted.
    drifted: usize,
    /// The highest drift: peaks of different monitors have different units, so that it decides among features only.
    peak: f64,
    /// Whether any period has a value of it.
    is_measured: bool,
}

/// Monitors that tell an arrow best where nothing is wrong.
fn preference(monitor: Monitor) -> u8 {
    match monitor {
        Monitor::Drift | Monitor::Latency | Monitor::DecisionRate | Monitor::Quality => 2,
        Monitor::Errors | Monitor::ScoreDrift | Monitor::LabelShare | Monitor::Missing => 1,
        _ => 0,
    }
}

/// What is said of the whole population.
fn whole(period: &PeriodView) -> impl Iterator<Item = &Cell> {
    period.cells.iter().filter(|cell| cell.slice.is_none())
}

/// The series that tells most of each arrow: broken most often, then drifted, then preferred, then with the highest peak.
fn leads(asked: &Asked, places: &HashMap<Timestamp, usize>) -> BTreeMap<Arrow, Lead> {
    let mut candidates: HashMap<(Monitor, u32), Candidate> = HashMap::new();
    for cell in asked.periods().iter().flat_map(|period| whole(period.as_ref())) {
        let candidate = candidates.entry((cell.monitor, cell.subject)).or_default();
        candidate.broken += usize::from(cell.verdict == Verdict::Broken);
        candidate.drifted += usize::from(cell.verdict == Verdict::Drifted);
        candidate.is_measured |= cell.value.is_some();
        if cell.monitor == Monitor::Drift {
            candidate.peak = candidate.peak.max(cell.value.unwrap_or(0.0));
        }
    }
    type Of = ((Monitor, u32), Candidate);
    let weight = |((monitor, _), of): &Of| (of.broken, of.drifted, preference(*monitor));
    let order = |left: &Of, right: &Of| {
        let order = weight(left).cmp(&weight(right)).then(left.1.peak.total_cmp(&right.1.peak));
        // Where all is equal, the first by name: the same at every question.
        let name = |of: &Of| (of.0.0, asked.view.names.text(of.0.1));
        order.then_with(|| name(right).cmp(&name(left)))
    };
    let mut best: BTreeMap<Arrow, Of> = BTreeMap::new();
    for found in candidates.into_iter().filter(|(_, candidate)| candidate.is_measured) {
        let kept = best.entry(found.0.0.arrow()).or_insert(found);
        if order(&found, kept).is_gt() {
            *kept = found;
        }
    }
    let lead = |(monitor, subject): (Monitor, u32)| {
        let mut lead = Lead {
            monitor,
            subject: asked.view.names.text(subject).to_owned(),
            values: vec![None; places.len()],
            limit: None,
        };
        for period in asked.periods() {
            let cell = whole(period).find(|cell| (cell.monitor, cell.subject) == (monitor, subject));
            if let Some((cell, place)) = cell.zip(places.get(&period.window.start)) {
                lead.values[*place] = cell.value.map(four_digits);
                lead.limit = cell.limit.map(LimitAnswer::from).or(lead.limit);
            }
        }
        lead
    };
    best.into_iter().map(|(arrow, (series, _))| (arrow, lead(series))).collect()
}

/// A value to four significant digits: as much as a line of a hundred points shows, and a third of the bytes.
fn four_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    // Through text, so that what is told is the shortest number with these digits.
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// Models as they were told last take no more memory than this, as far as it is counted.
const KEPT_BYTES: usize = 32 << 20;

/// A model, whose calendar has no place yet, and its periods.
type Told = Arc<(OverviewModel, Vec<Period>)>;

/// Models as they were told last: a commit changes one, and hundreds of others are as they were.
#[derive(Debug)]
pub struct KeptModels(Remembered<(String, RangeQuery), Told>);

impl Default for KeptModels {
    fn default() -> Self {
        Self(Remembered::new(KEPT_BYTES))
    }
}

/// About the memory of a told model: texts, and of each period its name, four verdicts and four values.
fn bytes_of((model, periods): &(OverviewModel, Vec<Period>)) -> usize {
    4096 + periods.len() * (2 * size_of::<Period>() + 4 * size_of::<Option<f64>>())
        + model.versions.iter().map(|version| version.len() + size_of::<String>()).sum::<usize>()
}

/// A model as it is now.
async fn told_of(app: &App, name: String, range: RangeQuery) -> Result<Told, Problem> {
    // Before it is read: what is committed meanwhile may or may not be in it.
    let generation = app.flow.generation_of(&name);
    let question = (name, range);
    if let Some(told) = app.overview_models.0.get(&question, generation) {
        return Ok(told);
    }
    let told = Arc::new(model_of(app, &of(app, &question.0, &question.1).await?).await?);
    app.overview_models.0.put(question, generation, Arc::clone(&told), bytes_of(&told));
    Ok(told)
}

/// A model and its periods, as they are read.
async fn model_of(app: &App, asked: &Asked) -> Result<(OverviewModel, Vec<Period>), Problem> {
    let (periods, places) = places(asked);
    let mut leads = leads(asked, &places);
    let mut rows = vec![0; places.len()];
    let mut versions = BTreeSet::new();
    for period in asked.periods() {
        if let Some(place) = places.get(&period.window.start) {
            rows[*place] = period.rows;
        }
        versions.extend(period.versions().map(str::to_owned));
    }
    let mut arrows = Vec::new();
    let mut first: Option<(usize, Arrow)> = None;
    let mut attention = 0;
    for arrow in Arrow::ALL {
        let windows = arrow_windows(asked.periods(), &places, arrow);
        let since = standing_broken_since(&windows);
        if let Some(since) = since
            && first.is_none_or(|(earliest, _)| since < earliest)
        {
            first = Some((since, arrow));
        }
        attention += match windows.verdict {
            Verdict::Broken => 100,
            Verdict::Drifted => 10,
            Verdict::NoData => 1,
            _ => 0,
        };
        arrows.push(OverviewArrow {
            arrow,
            verdict: windows.verdict,
            verdicts: windows.verdicts,
            broken_since: since.map(|since| periods[since].clone()),
            lead: leads.remove(&arrow),
        });
    }
    let first_broken = match first {
        None => None,
        Some((place, arrow)) => {
            let finding = first_finding(app, asked, asked.windows()[place], arrow).await?;
            Some(FirstBroken {
                arrow,
                since: periods[place].clone(),
                evidence: finding.as_ref().map_or_else(String::new, |finding| finding.evidence.clone()),
                finding: finding.as_ref().map(FindingAnswer::from),
            })
        }
    };
    let spec = asked.spec();
    let cost = spec.cost.as_ref().map(|cost| Cost::of(cost, &usage_of(asked)));
    let model = OverviewModel {
        model: spec.model.clone(),
        task: spec.task.name().to_owned(),
        owner: spec.owner.clone(),
        timezone: asked.zone.name().to_owned(),
        purpose: spec.purpose.as_ref().map(|purpose| purpose.metric.clone()),
        by: by_name(asked.length, spec.drift.window),
        known: asked.known().map(WindowAnswer::from),
        latest_event_at: asked.scope().latest_event_at,
        calendar: 0,
        arms: arms_of(asked),
        versions: versions.into_iter().collect(),
        rows,
        arrows,
        cost_per_1k: cost.as_ref().and_then(Cost::total),
        currency: cost.and_then(|cost| cost.currency),
        first_broken,
        attention,
    };
    Ok((model, periods))
}

/// What a prediction of the range used on average, from the figures of its periods.
fn usage_of(asked: &Asked) -> Usage {
    let mean = |subject: &str| {
        let number = asked.view.names.number(&profile_column(Arrow::Inference, subject))?;
        let mut sum = ColumnFigures::default();
        asked.periods().iter().filter_map(|period| period.figures(number)).for_each(|figures| sum.add(figures));
        sum.mean
    };
    let [cpu_ms, gpu_ms, _, bytes, tokens_in, tokens_out] = subject::USED.map(mean);
    let services = priced_services(asked.spec());
    let calls = services.filter_map(|service| {
        let calls = mean(&subject::calls_to(service))?;
        Some((service.to_owned(), CallUsage { calls, ms: None }))
    });
    Usage { cpu_ms, gpu_ms, bytes, tokens_in, tokens_out, calls: calls.collect() }
}

/// The first broken finding of an arrow in a period.
async fn first_finding(
    app: &App,
    asked: &Asked,
    window: quiver_event::time::Window,
    arrow: Arrow,
) -> Result<Option<Finding>, Problem> {
    let judged = judged_of(app, asked, &asked.arm, window).await?;
    let mut findings = judged.into_iter().flat_map(|(_, judged)| judged.findings);
    Ok(findings.find(|finding| finding.arrow == arrow && finding.verdict == Verdict::Broken))
}

/// Gives all models at a glance: the four arrows of each over time, those that need a person first.
#[utoipa::path(get, path = "/v1/overview", tag = "reading",
    params(OverviewQuery),
    responses(
        (status = 200, description = "The models", body = Overview),
        (status = 304, description = "What `If-None-Match` names is still the answer"),
        (status = 400, description = "A parameter cannot be used", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "It cannot be read now", body = Problem, content_type = "application/problem+json"),
        Guarded,
    )
)]
pub async fn overview(
    State(app): State<Arc<App>>,
    query: Result<Query<OverviewQuery>, QueryRejection>,
) -> Result<Json<Overview>, Problem> {
    let Query(OverviewQuery { from, to, last, by }) = query.map_err(|error| bad_parameter(&error))?;
    let range = RangeQuery { from, to, last, by, arm: None };
    let answering = stream::iter(app.doors.names()).map(|name| {
        let (app, range) = (Arc::clone(&app), range.clone());
        let answering = tokio::spawn(async move { told_of(&app, name, range).await });
        async move { answering.await.expect("it is not cancelled, and its panic is one of the answer") }
    });
    let mut answering = answering.buffered(at_once());
    let mut places: HashMap<Vec<Period>, usize> = HashMap::new();
    let mut models = Vec::new();
    while let Some(told) = answering.try_next().await? {
        let (model, periods) = &*told;
        let next = places.len();
        let calendar = match places.get(periods) {
            Some(place) => *place,
            None => *places.entry(periods.clone()).or_insert(next),
        };
        models.push(OverviewModel { calendar, ..model.clone() });
    }
    let mut calendars = vec![Vec::new(); places.len()];
    places.into_iter().for_each(|(periods, place)| calendars[place] = periods);
    models.sort_by(|left, right| right.attention.cmp(&left.attention).then_with(|| left.model.cmp(&right.model)));
    Ok(Json(Overview { calendars, models }))
}
