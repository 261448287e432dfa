//! What Quiver concludes of one model over a time: the arms, their windows, their findings and the diagnosis.

use quiver_event::spec::Spec;
use quiver_event::time::Window;
use quiver_judge::diagnosis::{Diagnosis, WindowFindings};
use quiver_judge::finding::{Finding, Monitor};
use quiver_profile::edges::BinLabel;
use serde::Serialize;

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

impl Evaluation {
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
