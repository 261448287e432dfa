//! What Quiver concludes of one model over a time: the arms, their windows, their findings and the diagnosis.

use crate::judged::{Judged, arrow_and_subject};
use quiver_event::spec::{LIVE_ARM, Spec};
use quiver_event::time::{Timestamp, Window, WindowLength, Zone};
use quiver_judge::comparison::ComparisonError;
use quiver_judge::diagnosis::{Diagnosis, FeatureShift, WindowFindings, diagnose};
use quiver_judge::facts::{DoorCounts, Outcomes, ReferenceFacts, WindowFacts};
use quiver_judge::finding::{Finding, Monitor, Verdict};
use quiver_judge::judge::{feature_shifts, judge_window};
use quiver_profile::Profile;
use quiver_profile::edges::BinLabel;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Everything concluded of one model.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    /// The spec it was judged by.
    pub spec: Spec,
    /// The reference's period.
    pub reference: Option<Window>,
    /// The windows shown, in order of time; every arm has an entry for each.
    pub windows: Vec<Window>,
    /// The windows' names in the spec's zone, such as `2013-07`.
    pub labels: Vec<String>,
    /// The arms, the live one first.
    pub arms: Vec<ArmEvaluation>,
    /// The journal offset below which every event is counted.
    pub as_of_offset: i64,
}

/// Everything concluded of one arm.
#[derive(Debug, Clone, Serialize)]
pub struct ArmEvaluation {
    /// The arm.
    pub arm: String,
    /// Whether its answers are used.
    pub is_live: bool,
    /// The versions that answered, in order of name.
    pub versions: Vec<String>,
    /// The findings of each window.
    pub windows: Vec<WindowFindings>,
    /// What broke first, and why.
    pub diagnosis: Diagnosis,
    /// The distribution of each measured column on the reference's bins.
    pub columns: Vec<ColumnHistory>,
}

/// The distribution of one column over time, on the reference's frozen bins.
#[derive(Debug, Clone, Serialize)]
pub struct ColumnHistory {
    /// The arrow it belongs to.
    pub arrow: quiver_event::Arrow,
    /// The feature or measure.
    pub subject: String,
    /// The unit people read.
    pub unit: Option<String>,
    /// The bins.
    pub bins: Vec<BinLabel>,
    /// Rows of the reference in each bin.
    pub reference: Vec<u64>,
    /// Rows of each window in each bin; empty where the window has no rows.
    pub windows: Vec<Vec<u64>>,
}

/// Names windows of a length in a zone: `2013-07` for a month, `2013-07-01` for a day or week.
pub fn labels_of(length: WindowLength, zone: &Zone) -> impl Fn(Window) -> String + '_ {
    move |window| match length {
        WindowLength::Month => zone.month_text(window.start),
        WindowLength::Hours(_) => zone.hour_text(window.start),
        _ => zone.date_text(window.start),
    }
}

impl Evaluation {
    /// Puts judged arms together, with an entry for every window in every arm.
    pub fn assemble(
        spec: &Spec,
        arms: BTreeMap<String, ArmJudge>,
        label: &dyn Fn(Window) -> String,
        reference: Option<Window>,
        as_of_offset: i64,
    ) -> Self {
        let windows: BTreeSet<Window> =
            arms.values().flat_map(|arm| arm.windows.iter().map(|window| window.window)).collect();
        let windows: Vec<Window> = windows.into_iter().collect();
        let labels = windows.iter().map(|window| label(*window)).collect();
        let mut arms: Vec<ArmEvaluation> =
            arms.into_iter().map(|(name, arm)| arm.finish(spec, &name, &windows)).collect();
        arms.sort_by_key(|arm| !arm.is_live);
        Self { spec: spec.clone(), reference, windows, labels, arms, as_of_offset }
    }

    /// The live arm, or the first one.
    pub fn live(&self) -> Option<&ArmEvaluation> {
        self.arms.iter().find(|arm| arm.is_live).or_else(|| self.arms.first())
    }

    /// The name of a window of this evaluation.
    pub fn label_of(&self, window: Window) -> &str {
        self.windows.iter().position(|known| *known == window).map_or("?", |index| &self.labels[index])
    }
}

impl ArmEvaluation {
    /// The finding of a monitor on the whole population, for each window.
    pub fn series(&self, monitor: Monitor, subject: &str) -> Vec<Option<&Finding>> {
        self.windows
            .iter()
            .map(|window| {
                window
                    .findings
                    .iter()
                    .find(|finding| finding.monitor == monitor && finding.subject == subject && finding.slice.is_none())
            })
            .collect()
    }

    /// Every monitor and subject judged on the whole population, in order of arrow, monitor and subject.
    pub fn subjects(&self) -> Vec<(Monitor, String)> {
        let mut subjects: Vec<(Monitor, String)> = self
            .windows
            .iter()
            .flat_map(|window| &window.findings)
            .filter(|finding| finding.slice.is_none())
            .map(|finding| (finding.monitor, finding.subject.clone()))
            .collect();
        subjects.sort_by(|left, right| (left.0.arrow(), left.0, &left.1).cmp(&(right.0.arrow(), right.0, &right.1)));
        subjects.dedup();
        subjects
    }
}

/// What was measured of one arm in one window.
#[derive(Debug, Clone, Copy)]
pub struct WindowInputs<'a> {
    /// The profile of its predictions.
    pub profile: &'a Profile,
    /// How many of them each version answered.
    pub versions: &'a BTreeMap<String, u64>,
    /// The outcomes of its predictions.
    pub outcomes: &'a Outcomes,
    /// What the door counted.
    pub door: Option<&'a DoorCounts>,
    /// The latest event time seen.
    pub watermark: Timestamp,
}

/// Judges one window of an arm against its reference.
///
/// # Errors
/// When the profile stands on other edges than the reference.
pub fn judge_period(
    spec: &Spec,
    arm: &str,
    window: Window,
    reference: &ReferenceFacts,
    inputs: &WindowInputs<'_>,
) -> Result<Judged, ComparisonError> {
    let WindowInputs { profile, versions, outcomes, door, watermark } = *inputs;
    let facts = WindowFacts { arm, window, profile: Some(profile), outcomes, reference, door, watermark };
    let findings = judge_window(spec, &facts)?;
    // A diagnosis asks for the first broken window only; keeping the shifts of broken windows is enough.
    let is_broken = findings.arrows.contains(&Verdict::Broken);
    let mut judged = Judged::new(findings, profile, versions.clone());
    if is_broken {
        judged.shifts = feature_shifts(spec, &facts);
    }
    Ok(judged)
}

/// The judged windows of one arm as they come, and what its diagnosis will ask for.
#[derive(Debug, Default)]
pub struct ArmJudge {
    reference: ReferenceFacts,
    versions: BTreeSet<String>,
    windows: Vec<WindowFindings>,
    shifts: BTreeMap<Window, Vec<FeatureShift>>,
    bins: BTreeMap<String, BTreeMap<Window, Vec<u64>>>,
}

impl ArmJudge {
    /// An arm with that reference.
    pub fn new(reference: ReferenceFacts) -> Self {
        Self { reference, ..Self::default() }
    }

    /// Judges one window and takes it in.
    ///
    /// # Errors
    /// As [`judge_period`].
    pub fn judge(
        &mut self,
        spec: &Spec,
        arm: &str,
        window: Window,
        inputs: &WindowInputs<'_>,
    ) -> Result<(), ComparisonError> {
        let judged = judge_period(spec, arm, window, &self.reference, inputs)?;
        self.push(window, judged);
        Ok(())
    }

    /// Takes a judged window in.
    pub fn push(&mut self, window: Window, judged: Judged) {
        self.versions.extend(judged.versions.into_keys());
        if !judged.shifts.is_empty() {
            self.shifts.insert(window, judged.shifts);
        }
        self.windows.push(WindowFindings::new(window, judged.rows, judged.labelled, judged.findings));
        for (name, figures) in judged.columns {
            if !figures.bins.is_empty() {
                self.bins.entry(name).or_default().insert(window, figures.bins);
            }
        }
    }

    fn finish(mut self, spec: &Spec, name: &str, windows: &[Window]) -> ArmEvaluation {
        // Every arm has an entry for each window, so that tables align.
        for window in windows {
            if !self.windows.iter().any(|known| known.window == *window) {
                self.windows.push(WindowFindings::new(*window, 0, 0, Vec::new()));
            }
        }
        self.windows.sort_by_key(|window| window.window);
        let diagnosis = diagnose(name, &self.windows, |window| self.shifts.remove(&window).unwrap_or_default());
        let columns = self.reference.profile.iter().flat_map(|profile| profile.columns());
        let histories = columns.filter_map(|(column_name, column)| {
            let (arrow, subject) = arrow_and_subject(column_name)?;
            let (bins, reference): (Vec<_>, Vec<_>) = column.coarse().into_iter().unzip();
            let counted = self.bins.get(column_name);
            let of_window = |window: &Window| counted.and_then(|bins| bins.get(window)).cloned().unwrap_or_default();
            (!bins.is_empty()).then(|| ColumnHistory {
                arrow,
                subject: subject.to_owned(),
                unit: spec.features.get(subject).and_then(|feature| feature.unit.clone()),
                bins,
                reference,
                windows: windows.iter().map(of_window).collect(),
            })
        });
        let columns = histories.collect();
        ArmEvaluation {
            arm: name.to_owned(),
            is_live: name == LIVE_ARM,
            versions: self.versions.into_iter().filter(|version| !version.is_empty()).collect(),
            windows: self.windows,
            diagnosis,
            columns,
        }
    }
}
