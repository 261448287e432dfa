//! The findings of one arm by monitor and subject, looked up once instead of once a chart.

use quiver_event::Arrow;
use quiver_judge::finding::{Finding, Monitor, Verdict};
use quiver_server::evaluation::ArmEvaluation;
use std::collections::BTreeMap;

/// The findings on the whole population, one place a period.
pub type Series<'a> = Vec<Option<&'a Finding>>;

/// The findings of one arm.
pub struct Index<'a> {
    /// The arm.
    pub arm: &'a ArmEvaluation,
    series: BTreeMap<Monitor, BTreeMap<&'a str, Series<'a>>>,
}

impl<'a> Index<'a> {
    /// Reads all findings of an arm once.
    pub fn new(arm: &'a ArmEvaluation) -> Self {
        let mut series: BTreeMap<Monitor, BTreeMap<&str, Series<'a>>> = BTreeMap::new();
        for (position, window) in arm.windows.iter().enumerate() {
            for finding in window.findings.iter().filter(|finding| finding.slice.is_none()) {
                let places = series
                    .entry(finding.monitor)
                    .or_default()
                    .entry(finding.subject.as_str())
                    .or_insert_with(|| vec![None; arm.windows.len()]);
                places[position].get_or_insert(finding);
            }
        }
        Self { arm, series }
    }

    /// The findings of one monitor on one subject.
    pub fn series(&self, monitor: Monitor, subject: &str) -> Option<&Series<'a>> {
        self.series.get(&monitor)?.get(subject)
    }

    /// All findings on an arrow, by monitor and subject.
    pub fn on(&self, arrow: Arrow) -> impl Iterator<Item = (Monitor, &'a str, &Series<'a>)> {
        let monitors = self.series.iter().filter(move |(monitor, _)| monitor.arrow() == arrow);
        monitors.flat_map(|(monitor, subjects)| subjects.iter().map(|(subject, series)| (*monitor, *subject, series)))
    }
}

/// The verdict of a series that matters most.
pub fn worst(series: &[Option<&Finding>]) -> Verdict {
    let verdicts = series.iter().flatten().map(|finding| finding.verdict);
    verdicts.max_by_key(|verdict| verdict.rank()).unwrap_or(Verdict::NotObserved)
}

/// The finding with the largest value; for distances.
pub fn peak<'a>(series: &[Option<&'a Finding>]) -> Option<&'a Finding> {
    let measured = series.iter().flatten().filter(|finding| finding.value.is_some_and(|value| !value.is_nan()));
    measured.copied().max_by(|left, right| {
        let value = |finding: &Finding| finding.value.unwrap_or(f64::NEG_INFINITY);
        value(left).total_cmp(&value(right))
    })
}
