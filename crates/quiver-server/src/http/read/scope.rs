//! What a question is about: the model, the arm, the range of event time, and the length of its periods.

use super::words::{ByName, WindowAnswer, by_name};
use crate::http::App;
use crate::http::models::unknown_model;
use crate::http::problem::Problem;
use crate::ingest::ModelDoor;
use crate::pipeline::periods_of;
use crate::views::{Extent, PeriodView, View, ViewError};
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use quiver_event::spec::{LIVE_ARM, Spec};
use quiver_event::time::{MICROSECONDS_PER_DAY, Timestamp, Window, WindowLength, Zone};
use quiver_event::units::Duration;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// The range and the arm that most routes take.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RangeQuery {
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
}

/// What an answer is about.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Scope {
    /// The model.
    pub model: String,
    /// The arm.
    pub arm: String,
    /// The first instant of the range.
    pub from: String,
    /// The first instant after it.
    pub to: String,
    /// The length of periods.
    #[schema(value_type = ByName)]
    pub by: &'static str,
    /// The model's time zone, in which days begin.
    pub timezone: String,
    /// The journal offset below which every prediction is counted.
    pub as_of_offset: i64,
    /// The latest event time seen.
    pub latest_event_at: Option<String>,
    /// From the first period to the last that holds anything.
    pub known: Option<WindowAnswer>,
}

/// A question with everything that answers it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The model's door, with its spec.
    pub door: Arc<ModelDoor>,
    /// What is known of its windows, in the range and beyond.
    pub extent: Arc<Extent>,
    /// What was judged of the periods in the range; empty where the answer needs none of it.
    pub view: View,
    /// The arm.
    pub arm: String,
    /// The range.
    pub range: Window,
    /// The length of periods.
    pub length: WindowLength,
    /// The model's zone.
    pub zone: Zone,
}

/// A parameter that cannot be used.
pub fn bad_parameter(error: &QueryRejection) -> Problem {
    // Of a path with a query, only the reason is told.
    Problem::bad_request(format!(
        "the query cannot be read: {}",
        error.body_text().trim_start_matches("Failed to deserialize query string: ")
    ))
}

/// Why a view is not given.
pub fn unreadable(error: &ViewError) -> Problem {
    if let ViewError::TooLarge { .. } = error {
        return Problem::bad_request(error.to_string());
    }
    tracing::error!(%error, "what was judged cannot be read");
    Problem::overloaded("what was judged cannot be read now; ask again later")
}

/// Finds out what is asked.
///
/// # Errors
/// When the model is unknown, a parameter is wrong, or the catalogue cannot be read.
pub async fn ask(app: &App, model: &str, query: Result<Query<RangeQuery>, QueryRejection>) -> Result<Asked, Problem> {
    let Query(query) = query.map_err(|error| bad_parameter(&error))?;
    of(app, model, &query).await
}

/// The same of parameters that were read.
///
/// # Errors
/// As [`ask`].
pub async fn of(app: &App, model: &str, query: &RangeQuery) -> Result<Asked, Problem> {
    let mut asked = without_periods(app, model, query).await?;
    loop {
        // The range may begin within a period.
        let Window { start, end } = asked.range;
        let start = asked.length.window_of(start, &asked.zone).map_or(start, |first| first.start);
        match app.views.of(model, asked.length, Window { start, end }).await {
            Ok(view) => return Ok(Asked { view, ..asked }),
            // Whoever leaves the length open gets the shortest that can be held.
            Err(error @ ViewError::TooLarge { .. }) => {
                let longer = periods_of(asked.length).get(1).copied().filter(|_| query.by.is_none());
                asked.length = longer.ok_or_else(|| unreadable(&error))?;
            }
            Err(error) => return Err(unreadable(&error)),
        }
    }
}

/// The same for an answer that needs nothing of what was judged of the periods.
///
/// # Errors
/// As [`ask`].
pub async fn without_periods(app: &App, model: &str, query: &RangeQuery) -> Result<Asked, Problem> {
    let door = app.doors.get(model).ok_or_else(|| unknown_model(app, model))?;
    let spec: &Spec = &door.spec;
    let zone = spec.zone().map_err(|error| Problem::internal(error.to_string()))?;
    let own = spec.drift.window;
    let extent = app.views.extent(model, own).await.map_err(|error| unreadable(&error))?;
    let range = range_of(query, &extent, own, &zone)?;
    let length = match query.by.as_deref() {
        None => fitting(range, own),
        Some(name) => length_of(name, own)?,
    };
    let arm = query.arm.clone().unwrap_or_else(|| LIVE_ARM.to_owned());
    if query.arm.is_some() && arm != LIVE_ARM && !extent.arms.is_empty() && !extent.arms.contains_key(&arm) {
        let names: Vec<&str> = extent.arms.keys().map(String::as_str).collect();
        return Err(Problem::not_found(format!("the model has no such arm; it has: {}", names.join(", "))));
    }
    Ok(Asked { door, extent, view: View::default(), arm, range, length, zone })
}

fn length_of(name: &str, own: WindowLength) -> Result<WindowLength, Problem> {
    let length = match name {
        "window" => own,
        "day" => WindowLength::Day,
        "week" => WindowLength::Week,
        "month" => WindowLength::Month,
        _ => return Err(Problem::bad_request("`by` is window, day, week or month")),
    };
    // A period shorter than the spec's own windows was never judged; the own one is the nearest.
    Ok(if periods_of(own).contains(&length) { length } else { own })
}

/// The length whose periods show a range best.
fn fitting(range: Window, own: WindowLength) -> WindowLength {
    let days = (range.end.0.saturating_sub(range.start.0)) as f64 / MICROSECONDS_PER_DAY as f64;
    let length = match days {
        days if days <= 4.0 => own,
        days if days <= 100.0 => WindowLength::Day,
        days if days <= 200.0 => WindowLength::Week,
        _ => WindowLength::Month,
    };
    own.max(length)
}

/// The periods of a length that a stretch of windows touches, from the first to the last.
fn whole(known: Window, length: WindowLength, zone: &Zone) -> Option<Window> {
    let first = length.window_of(known.start, zone).ok()?;
    let last = length.window_of(Timestamp(known.end.0 - 1), zone).ok()?;
    Some(Window { start: first.start, end: last.end })
}

fn range_of(query: &RangeQuery, extent: &Extent, own: WindowLength, zone: &Zone) -> Result<Window, Problem> {
    let read = |name: &str, text: &Option<String>| -> Result<Option<Timestamp>, Problem> {
        let Some(text) = text else { return Ok(None) };
        let found = Timestamp::parse(text).or_else(|_| zone.start_of_date(text));
        let told = format!("`{name}` is an instant such as 2026-01-31T12:00:00Z, or a date such as 2026-01-31");
        found.map(Some).map_err(|_| Problem::bad_request(told))
    };
    let known = extent.known().and_then(|known| whole(known, WindowLength::Month, zone));
    let latest = extent.watermark().map(|latest| Timestamp(latest.0.saturating_add(1)));
    let end_known = match (latest, known) {
        // The end of the last window that holds an event, not of a month that has hardly begun.
        (Some(latest), Some(known)) if latest > known.start && latest < known.end => {
            own.window_of(Timestamp(latest.0 - 1), zone).map_or(known.end, |window| window.end)
        }
        (_, Some(known)) => known.end,
        (_, None) => Timestamp(0),
    };
    let (from, to) = (read("from", &query.from)?, read("to", &query.to)?);
    let end = to.unwrap_or(end_known);
    let back = match &query.last {
        None => None,
        Some(_) if from.is_some() => return Err(Problem::bad_request("give either `from` or `last`")),
        Some(text) => {
            let length = Duration::parse(text);
            Some(length.map_err(|_| Problem::bad_request("`last` is a duration such as 24h or 30d"))?)
        }
    };
    let start = match (from, back) {
        (Some(from), _) => from,
        (None, Some(back)) => Timestamp(end.0.saturating_sub(back.microseconds())),
        (None, None) => known.map_or(end, |known| known.start.min(end)),
    };
    if start > end {
        return Err(Problem::bad_request("`from` is later than `to`"));
    }
    Ok(Window { start, end })
}

impl Asked {
    /// The spec.
    pub fn spec(&self) -> &Spec {
        &self.door.spec
    }

    /// The periods of the arm in the range.
    pub fn periods(&self) -> &[Arc<PeriodView>] {
        self.view.of(&self.arm, self.range)
    }

    /// The windows of all arms in the range, in order of time.
    pub fn windows(&self) -> Vec<Window> {
        let all = self.view.arms().flat_map(|arm| self.view.of(arm, self.range));
        let mut windows: Vec<Window> = all.map(|period| period.window).collect();
        windows.sort_unstable();
        windows.dedup();
        windows
    }

    /// From the first period of the asked length to the last that holds anything.
    pub fn known(&self) -> Option<Window> {
        whole(self.extent.known()?, self.length, &self.zone)
    }

    /// What the answer is about.
    pub fn scope(&self) -> Scope {
        // Of the periods that answer, where some do.
        let progress = self.view.progress.as_ref().or(self.extent.progress.as_ref());
        Scope {
            model: self.spec().model.clone(),
            arm: self.arm.clone(),
            from: self.range.start.to_string(),
            to: self.range.end.to_string(),
            by: by_name(self.length, self.spec().drift.window),
            timezone: self.zone.name().to_owned(),
            as_of_offset: progress.map_or(0, |progress| progress.profiles_offset),
            latest_event_at: self.extent.watermark().filter(|at| at.0 > i64::MIN).map(|at| at.to_string()),
            known: self.known().map(WindowAnswer::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(count: i64) -> Window {
        Window { start: Timestamp(0), end: Timestamp(count * MICROSECONDS_PER_DAY) }
    }

    #[test]
    fn a_range_is_cut_into_periods_that_can_be_seen() {
        let hour = WindowLength::Hours(1);
        assert_eq!(fitting(days(3), hour), hour);
        assert_eq!(fitting(days(90), hour), WindowLength::Day);
        assert_eq!(fitting(days(150), hour), WindowLength::Week);
        assert_eq!(fitting(days(365), hour), WindowLength::Month);
        // Never shorter than the spec's own windows: nothing was judged of those.
        assert_eq!(fitting(days(3), WindowLength::Week), WindowLength::Week);
        assert_eq!(length_of("day", WindowLength::Week).unwrap(), WindowLength::Week);
        assert!(length_of("year", hour).is_err());
    }

    #[test]
    fn a_range_is_given_by_its_ends_or_its_length() {
        let ask = |from: Option<&str>, to: Option<&str>, last: Option<&str>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            let query = RangeQuery { from: own(from), to: own(to), last: own(last), ..RangeQuery::default() };
            range_of(&query, &Extent::default(), WindowLength::Day, &Zone::parse("America/New_York").unwrap())
        };
        let range = ask(Some("2013-07-01"), Some("2013-07-02T04:00:00Z"), None).unwrap();
        assert_eq!(range.start.to_string(), "2013-07-01T04:00:00Z");
        assert_eq!(range.end.0 - range.start.0, MICROSECONDS_PER_DAY);
        let range = ask(None, Some("2013-07-02T04:00:00Z"), Some("24h")).unwrap();
        assert_eq!(range.start.to_string(), "2013-07-01T04:00:00Z");
        for (from, to, last) in [
            (Some("2013-07-02"), Some("2013-07-01"), None),
            (Some("yesterday"), None, None),
            (Some("2013-07-01"), None, Some("7d")),
            (None, None, Some("a while")),
        ] {
            assert_eq!(ask(from, to, last).unwrap_err().status, 400);
        }
    }
}
