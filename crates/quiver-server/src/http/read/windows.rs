//! A model over time: the verdict of each arrow in each period, and what changed when.

use super::events::tables::{open, within};
use super::scope::{Asked, RangeQuery, Scope, ask, unreadable};
use super::words::{ArrowName, Period, VerdictName, WindowAnswer, instant};
use crate::http::App;
use crate::http::answers::Reads;
use crate::http::problem::Problem;
use crate::measure::Rows;
use crate::pipeline::{PipelineError, time_condition};
use crate::views::{Cell, PeriodView, View};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use quiver_event::Arrow;
use quiver_event::event::Kind;
use quiver_event::spec::LIVE_ARM;
use quiver_event::time::{MICROSECONDS_PER_DAY, Timestamp, Window, WindowLength};
use quiver_judge::finding::Verdict;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use utoipa::ToSchema;

/// Every instant.
const ALL_TIME: Window = Window { start: Timestamp(i64::MIN), end: Timestamp(i64::MAX) };

/// Markers given at a time.
const MOST_MARKERS: usize = 500;

/// A model over time.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Windows {
    /// What the answer is about.
    pub scope: Scope,
    /// The periods.
    pub periods: Vec<Period>,
    /// The arms, the live one first.
    pub arms: Vec<ArmWindows>,
    /// What changed when, in order of time.
    pub markers: Vec<Marker>,
    /// The reference's period, where the spec names one.
    pub reference: Option<WindowAnswer>,
}

/// One arm over time.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArmWindows {
    /// The arm.
    pub arm: String,
    /// Whether its answers are used.
    pub is_live: bool,
    /// The versions that answered in the range.
    pub versions: Vec<String>,
    /// Predictions of each period.
    pub rows: Vec<u64>,
    /// Of these, with a label.
    pub labelled: Vec<u64>,
    /// The four arrows.
    pub arrows: Vec<ArrowWindows>,
}

/// One arrow over time.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ArrowWindows {
    /// The arrow.
    #[schema(value_type = ArrowName)]
    pub arrow: Arrow,
    /// The worst of what was concluded last of each of its monitors.
    #[schema(value_type = VerdictName)]
    pub verdict: Verdict,
    /// The worst verdict of each period.
    #[schema(value_type = Vec<VerdictName>)]
    pub verdicts: Vec<Verdict>,
}

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Marker {
    /// When.
    pub at: String,
    /// `change` for an event of that kind, `version` for the first period in the range of a version that did not answer
    /// just before.
    pub kind: &'static str,
    /// What changed, such as `deploy`; of a version, its name.
    pub what: String,
    /// What it refers to.
    pub reference: Option<String>,
    /// The arm of a version.
    pub arm: Option<String>,
}

/// The verdict of the latest period that says anything: of one that was judged.
pub fn latest(verdicts: &[Verdict]) -> Verdict {
    let judged = verdicts.iter().rev().find(|verdict| verdict.rank() >= Verdict::Healthy.rank());
    let said = || verdicts.iter().rev().find(|verdict| **verdict != Verdict::NoData);
    judged.or_else(said).copied().unwrap_or(Verdict::NoData)
}

/// The place at which the run of broken periods began that lasts until the last period which says anything.
pub fn broken_since(verdicts: &[Verdict]) -> Option<usize> {
    let mut since = None;
    for (place, verdict) in verdicts.iter().enumerate().rev() {
        match verdict {
            Verdict::Broken => since = Some(place),
            verdict if verdict.rank() >= Verdict::Healthy.rank() => break,
            _ => {}
        }
    }
    since
}

/// How an arrow stands at the end of the periods: the worst of what was concluded last of each monitor that the last of
/// them still has. A quality that waits for labels stands as it stood before, whatever else is healthy meanwhile.
fn standing(periods: &[Arc<PeriodView>], arrow: Arrow) -> Verdict {
    let mut rest = periods.iter().rev().map(|period| period.of_arrow(arrow)).filter(|cells| !cells.is_empty());
    let series = |cell: &Cell| (cell.monitor, cell.subject, cell.slice);
    let is_open = |verdict| matches!(verdict, Verdict::InsufficientSample | Verdict::LabelsPending | Verdict::NoData);
    let worse = |left: Verdict, right: Verdict| if right.rank() > left.rank() { right } else { left };
    let last = rest.next().unwrap_or_default();
    let mut open: HashMap<_, Verdict> =
        last.iter().filter(|cell| is_open(cell.verdict)).map(|cell| (series(cell), cell.verdict)).collect();
    let mut worst =
        last.iter().filter(|cell| !is_open(cell.verdict)).map(|cell| cell.verdict).fold(Verdict::NoData, worse);
    while !open.is_empty()
        && let Some(cells) = rest.next()
    {
        for cell in cells.iter().filter(|cell| !is_open(cell.verdict)) {
            if open.remove(&series(cell)).is_some() {
                worst = worse(worst, cell.verdict);
            }
        }
    }
    open.into_values().fold(worst, worse)
}

/// Since when an arrow that stands broken is so.
pub fn standing_broken_since(windows: &ArrowWindows) -> Option<usize> {
    let last = windows.verdicts.iter().rposition(|verdict| *verdict == Verdict::Broken)?;
    broken_since(&windows.verdicts[..=last]).filter(|_| windows.verdict == Verdict::Broken)
}

/// The verdicts of one arrow at the places of the periods.
pub fn arrow_windows(periods: &[Arc<PeriodView>], places: &HashMap<Timestamp, usize>, arrow: Arrow) -> ArrowWindows {
    let mut verdicts = vec![Verdict::NoData; places.len()];
    for period in periods {
        if let Some(place) = places.get(&period.window.start) {
            verdicts[*place] = period.arrows[arrow.number() - 1];
        }
    }
    ArrowWindows { arrow, verdict: standing(periods, arrow), verdicts }
}

/// The names of the arms, the live one first.
pub fn arms_of(asked: &Asked) -> Vec<String> {
    let mut arms: Vec<String> = asked.extent.arms.keys().cloned().collect();
    arms.sort_by_key(|arm| arm != LIVE_ARM);
    arms
}

fn arm_windows(asked: &Asked, arm: &str, places: &HashMap<Timestamp, usize>) -> ArmWindows {
    let periods = asked.view.of(arm, asked.range);
    let (mut rows, mut labelled) = (vec![0; places.len()], vec![0; places.len()]);
    let mut versions = BTreeSet::new();
    for period in periods {
        if let Some(place) = places.get(&period.window.start) {
            rows[*place] = period.rows;
            labelled[*place] = period.labelled;
        }
        versions.extend(period.versions().map(str::to_owned));
    }
    ArmWindows {
        arm: arm.to_owned(),
        is_live: arm == LIVE_ARM,
        versions: versions.into_iter().collect(),
        rows,
        labelled,
        arrows: Arrow::ALL.into_iter().map(|arrow| arrow_windows(periods, places, arrow)).collect(),
    }
}

/// The first period in the range of each version that did not answer just before it, where another one did.
fn version_markers(asked: &Asked, earlier: &View, arm: &str) -> Vec<Marker> {
    let all = || earlier.of(arm, ALL_TIME).iter().chain(asked.view.of(arm, asked.range));
    let before = || all().filter(|period| period.window.start < asked.range.start);
    let mut seen: BTreeSet<&str> = before().flat_map(|period| period.versions()).collect();
    let mut is_first = before().next().is_none();
    let mut markers = Vec::new();
    for period in all().filter(|period| period.window.start >= asked.range.start) {
        for version in period.versions().filter(|version| seen.insert(version)) {
            if !is_first {
                markers.push(Marker {
                    at: period.window.start.to_string(),
                    kind: "version",
                    what: version.to_owned(),
                    reference: None,
                    arm: Some(arm.to_owned()),
                });
            }
        }
        is_first = false;
    }
    markers
}

/// The periods just before the range, at least one of the arm where there is any: windows in which nothing happens
/// have none, so that it is looked for further and further back.
async fn just_before(app: &App, asked: &Asked, arm: &str) -> Result<View, Problem> {
    let first = asked.extent.arms.get(arm).map_or(asked.range.start, |known| known.start);
    let mut days = match asked.length {
        WindowLength::Hours(_) => 1,
        WindowLength::Day => 2,
        WindowLength::Week => 8,
        WindowLength::Month => 32,
    };
    loop {
        let end = asked.range.start;
        let before = Window { start: Timestamp(end.0.saturating_sub(days * MICROSECONDS_PER_DAY)), end };
        let view = app.views.of(&asked.spec().model, asked.length, before).await;
        let view = view.map_err(|error| unreadable(&error))?;
        if !view.of(arm, ALL_TIME).is_empty() || before.start <= first {
            return Ok(view);
        }
        days *= 4;
    }
}

async fn change_markers(app: &App, asked: &Asked) -> Result<Vec<Marker>, PipelineError> {
    let statement = format!(
        "SELECT \"at\", what, reference FROM changes WHERE {} ORDER BY \"at\" LIMIT {MOST_MARKERS}",
        time_condition(asked.range)
    );
    let engine = open(app, &asked.spec().model, &[Kind::Change]).await?;
    let mut markers = Vec::new();
    for batch in engine.sql(&statement).await? {
        let rows = Rows(&batch);
        let (times, whats, references) = (rows.instants("at")?, rows.texts("what")?, rows.texts("reference")?);
        for ((at, what), reference) in times.into_iter().zip(whats).zip(references) {
            let Some(at) = at else { continue };
            let reference = Some(reference).filter(|reference| !reference.is_empty());
            markers.push(Marker { at: instant(at), kind: "change", what, reference, arm: None });
        }
    }
    Ok(markers)
}

/// Gives a model over time: the verdicts of its arrows, its traffic, and what changed when.
#[utoipa::path(get, path = "/v1/models/{model}/windows", tag = "reading",
    params(("model" = String, Path, description = "The name of the model, as in its events"), RangeQuery),
    responses((status = 200, description = "The model over time", body = Windows), Reads)
)]
pub async fn windows(
    State(app): State<Arc<App>>,
    Path(model): Path<String>,
    query: Result<Query<RangeQuery>, QueryRejection>,
) -> Result<Json<Windows>, Problem> {
    let asked = ask(&app, &model, query).await?;
    let (periods, places) = super::series::places(&asked);
    let names = arms_of(&asked);
    let arms = names.iter().map(|arm| arm_windows(&asked, arm, &places)).collect();
    let mut markers = within(change_markers(&app, &asked)).await?;
    for arm in &names {
        let earlier = just_before(&app, &asked, arm).await?;
        markers.extend(version_markers(&asked, &earlier, arm));
    }
    markers.sort_by(|left, right| left.at.cmp(&right.at));
    let reference = asked.spec().reference_window().ok().flatten().map(WindowAnswer::from);
    Ok(Json(Windows { scope: asked.scope(), periods, arms, markers, reference }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judged::Judged;
    use crate::views::Names;
    use Verdict::{Broken, Healthy, InsufficientSample, LabelsPending, NoData, NotObserved};
    use quiver_event::time::Window;
    use quiver_judge::finding::{Finding, Monitor};

    #[test]
    fn the_latest_verdict_is_that_of_the_last_period_that_was_judged() {
        assert_eq!(latest(&[Healthy, Broken, LabelsPending, NoData]), Broken);
        assert_eq!(latest(&[NotObserved, NoData]), NotObserved);
        assert_eq!(latest(&[]), NoData);
    }

    fn of_quality(verdicts: &[(&str, Verdict)], names: &mut Names) -> Arc<PeriodView> {
        let window = Window { start: Timestamp(0), end: Timestamp(1) };
        let findings = verdicts.iter().map(|(subject, verdict)| Finding {
            arm: LIVE_ARM.to_owned(),
            window,
            arrow: Arrow::Feedback,
            monitor: Monitor::Quality,
            subject: (*subject).to_owned(),
            slice: None,
            value: None,
            interval: None,
            noise_floor: None,
            limit: None,
            reference_value: None,
            rows: 0,
            reference_rows: 0,
            convention: String::new(),
            verdict: *verdict,
            evidence: String::new(),
        });
        Arc::new(PeriodView::new(window, Judged { findings: findings.collect(), ..Judged::default() }, names))
    }

    #[test]
    fn a_promise_that_waits_for_labels_stands_as_it_stood() {
        let mut names = Names::default();
        let mut stands = |periods: &[&[(&str, Verdict)]]| {
            let periods: Vec<_> = periods.iter().map(|verdicts| of_quality(verdicts, &mut names)).collect();
            (standing(&periods, Arrow::Feedback), periods.last().map(|period| period.arrows[3]))
        };
        let waits: &[(&str, Verdict)] = &[("recall", LabelsPending), ("share", Healthy)];
        assert_eq!(stands(&[&[("recall", Broken), ("share", Healthy)], waits]), (Broken, Some(LabelsPending)));
        assert_eq!(stands(&[&[("recall", Healthy), ("share", Broken)], waits]), (Healthy, Some(LabelsPending)));
        assert_eq!(stands(&[&[("gone", Broken), ("recall", LabelsPending)], waits]), (Healthy, Some(LabelsPending)));
        assert_eq!(stands(&[&[("recall", LabelsPending)]]), (LabelsPending, Some(LabelsPending)));
        assert_eq!(stands(&[]), (NoData, None));
    }

    #[test]
    fn an_arrow_that_stands_broken_is_so_since_its_last_run_began() {
        let since = |verdict, verdicts: &[Verdict]| {
            standing_broken_since(&ArrowWindows { arrow: Arrow::Feedback, verdict, verdicts: verdicts.to_vec() })
        };
        assert_eq!(since(Broken, &[Broken, Healthy, Broken, Broken, Healthy]), Some(2));
        assert_eq!(since(Healthy, &[Broken, Healthy]), None);
    }

    #[test]
    fn a_run_of_broken_periods_goes_over_those_that_say_nothing_and_ends_with_a_healthy_one() {
        assert_eq!(broken_since(&[Broken, Healthy, Broken, InsufficientSample, Broken, LabelsPending]), Some(2));
        assert_eq!(broken_since(&[Broken, Healthy, LabelsPending]), None);
        assert_eq!(broken_since(&[NoData, Broken]), Some(1));
    }
}
