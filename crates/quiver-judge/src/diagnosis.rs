//! Names the arrow that broke first, since when, and what explains it: arithmetic on findings, not prose.

use crate::finding::{Finding, Monitor, Verdict, arrow_verdict};
use quiver_event::Arrow;
use quiver_event::time::Window;
use serde::{Deserialize, Serialize};

/// All findings of one arm in one window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WindowFindings {
    /// The window of event time.
    pub window: Window,
    /// Predictions in it.
    pub rows: u64,
    /// Of these, with a label.
    pub labelled: u64,
    /// The worst verdict of each arrow, in the order of [`Arrow::ALL`].
    pub arrows: [Verdict; 4],
    /// What the monitors say.
    pub findings: Vec<Finding>,
}

impl WindowFindings {
    /// Sums the findings of one window up by arrow.
    pub fn new(window: Window, rows: u64, labelled: u64, findings: Vec<Finding>) -> Self {
        let arrows = Arrow::ALL.map(|arrow| arrow_verdict(&findings, arrow));
        Self { window, rows, labelled, arrows, findings }
    }

    fn on(&self, arrow: Arrow, verdict: Verdict) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.arrow == arrow && finding.verdict == verdict)
    }
}

/// One bin of one feature: how often it occurs, and what the model says there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct BinResponse {
    /// Rows of the reference in the bin.
    pub reference_rows: u64,
    /// Sum of the model's output over them.
    pub reference_output: f64,
    /// Rows of the window in the bin.
    pub current_rows: u64,
    /// Sum of the model's output over them.
    pub current_output: f64,
}

/// How one feature moved in one window, and how the model's output depends on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureShift {
    /// The feature.
    pub feature: String,
    /// The bins of the reference's frozen edges.
    pub bins: Vec<BinResponse>,
}

/// Why an arrow broke, with its share and its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cause {
    /// The arrow the cause lies on.
    pub arrow: Arrow,
    /// The feature or measure.
    pub subject: String,
    /// How much of the move of the mean output goes with this feature's shift alone, 1 for all of it.
    pub share: Option<f64>,
    /// The feature's distance from the reference when the arrow broke.
    pub distance: Option<f64>,
    /// The convention of the distance.
    pub convention: Option<String>,
    /// Since when it has been away from the reference without a pause.
    pub since: Window,
    /// Share of rows where the reference never was.
    pub unseen_share: f64,
}

/// When an arrow first broke, and by which findings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Onset {
    /// The arrow.
    pub arrow: Arrow,
    /// The first window in which it is broken.
    pub window: Window,
    /// In how many windows, from this one on, it is broken.
    pub broken_windows: usize,
    /// Windows judged from this one on.
    pub judged_windows: usize,
    /// The broken findings of that first window.
    pub findings: Vec<Finding>,
}

/// What happened to one arm of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The arm.
    pub arm: String,
    /// Arrows that broke, the first first: by window, then along the arrows.
    pub onsets: Vec<Onset>,
    /// What explains the first, the largest share first.
    pub causes: Vec<Cause>,
    /// The mean output in the reference and in the window where the first arrow broke.
    pub mean_output: Option<[f64; 2]>,
    /// Findings on service and infrastructure in that window; empty when nothing broke.
    pub infrastructure: Vec<Finding>,
    /// Features that moved although nothing broke on any later arrow.
    pub harmless_drift: Vec<String>,
}

/// The largest number of causes named: a list that names everything explains nothing.
const MAXIMUM_CAUSES: usize = 5;

/// A feature must explain this share of the move to be called a cause.
const MINIMUM_SHARE: f64 = 0.1;

/// Diagnoses one arm from its windows in order of time.
///
/// `shifts_in` tells for a window how every feature moved in it; it is asked for one window only.
pub fn diagnose(
    arm: &str,
    windows: &[WindowFindings],
    shifts_in: impl FnOnce(Window) -> Vec<FeatureShift>,
) -> Diagnosis {
    let mut onsets: Vec<Onset> = Arrow::ALL.into_iter().filter_map(|arrow| onset(windows, arrow)).collect();
    onsets.sort_by_key(|onset| (onset.window.start, onset.arrow));
    let Some(first) = onsets.first() else {
        return Diagnosis {
            arm: arm.to_owned(),
            onsets,
            causes: Vec::new(),
            mean_output: None,
            infrastructure: Vec::new(),
            harmless_drift: drifted_features(windows),
        };
    };
    let position = windows.iter().position(|candidate| candidate.window == first.window).unwrap_or_default();
    let shifts = shifts_in(first.window);
    let causes = causes(windows, position, first, &shifts);
    let infrastructure =
        windows[position].findings.iter().filter(|finding| finding.arrow == Arrow::Inference).cloned().collect();
    Diagnosis {
        arm: arm.to_owned(),
        mean_output: shifts.first().and_then(mean_outputs),
        onsets,
        causes,
        infrastructure,
        harmless_drift: Vec::new(),
    }
}

fn onset(windows: &[WindowFindings], arrow: Arrow) -> Option<Onset> {
    let first = windows.iter().position(|window| window.arrows[arrow.number() - 1] == Verdict::Broken)?;
    let after = &windows[first..];
    let verdicts = || after.iter().map(|window| window.arrows[arrow.number() - 1]);
    Some(Onset {
        arrow,
        window: after[0].window,
        broken_windows: verdicts().filter(|verdict| *verdict == Verdict::Broken).count(),
        judged_windows: verdicts().filter(|verdict| verdict.rank() >= Verdict::Healthy.rank()).count(),
        findings: after[0].on(arrow, Verdict::Broken).cloned().collect(),
    })
}

fn drifted_features(windows: &[WindowFindings]) -> Vec<String> {
    let mut names: Vec<String> = windows
        .iter()
        .flat_map(|window| window.on(Arrow::Features, Verdict::Drifted))
        .filter(|finding| finding.slice.is_none())
        .map(|finding| finding.subject.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}

fn causes(windows: &[WindowFindings], position: usize, first: &Onset, shifts: &[FeatureShift]) -> Vec<Cause> {
    let broken_window = &windows[position];
    let mut causes: Vec<Cause> = broken_window
        .findings
        .iter()
        .filter(|finding| finding.arrow == Arrow::Features && finding.slice.is_none())
        .filter(|finding| matches!(finding.verdict, Verdict::Drifted | Verdict::Broken))
        .map(|finding| {
            let shift = shifts.iter().find(|shift| shift.feature == finding.subject);
            let is_distance = finding.monitor == Monitor::Drift;
            Cause {
                arrow: Arrow::Features,
                subject: finding.subject.clone(),
                share: shift.and_then(explained_share),
                distance: finding.value.filter(|_| is_distance),
                convention: is_distance.then(|| finding.convention.clone()),
                since: since(windows, position, finding),
                unseen_share: shift.map_or(0.0, unseen_share),
            }
        })
        .filter(|cause| first.arrow == Arrow::Features || cause.share.is_some_and(|share| share >= MINIMUM_SHARE))
        .collect();
    causes.sort_by(|left, right| {
        right.share.unwrap_or(0.0).total_cmp(&left.share.unwrap_or(0.0)).then_with(|| left.subject.cmp(&right.subject))
    });
    causes.dedup_by(|later, earlier| later.subject == earlier.subject);
    causes.truncate(MAXIMUM_CAUSES);
    causes
}

/// The start of the unbroken run of windows, up to `position`, in which the same monitor says the same of the subject.
fn since(windows: &[WindowFindings], position: usize, finding: &Finding) -> Window {
    windows[..=position]
        .iter()
        .rev()
        .take_while(|window| {
            window.findings.iter().any(|other| {
                other.monitor == finding.monitor
                    && other.subject == finding.subject
                    && other.slice == finding.slice
                    && matches!(other.verdict, Verdict::Drifted | Verdict::Broken)
            })
        })
        .last()
        .map_or(finding.window, |window| window.window)
}

/// The mean output of the reference and of the window.
fn mean_outputs(shift: &FeatureShift) -> Option<[f64; 2]> {
    let total = |rows: fn(&BinResponse) -> u64, output: fn(&BinResponse) -> f64| {
        let count: u64 = shift.bins.iter().map(rows).sum();
        (count > 0).then(|| shift.bins.iter().map(output).sum::<f64>() / count as f64)
    };
    Some([
        total(|bin| bin.reference_rows, |bin| bin.reference_output)?,
        total(|bin| bin.current_rows, |bin| bin.current_output)?,
    ])
}

/// The share of the move of the mean output that goes with this feature's shift: the change of its bins' frequencies,
/// weighted by the mean output in each bin over reference and window, each counted with the same weight.
///
/// This is the mix term of a Kitagawa (1955) decomposition with one factor. Features that move together each claim
/// what they share, so the shares of several features may add up to more than one.
pub fn explained_share(shift: &FeatureShift) -> Option<f64> {
    let [reference_mean, current_mean] = mean_outputs(shift)?;
    let move_of_mean = current_mean - reference_mean;
    let reference_rows: u64 = shift.bins.iter().map(|bin| bin.reference_rows).sum();
    let current_rows: u64 = shift.bins.iter().map(|bin| bin.current_rows).sum();
    let (reference_rows, current_rows) = (reference_rows as f64, current_rows as f64);
    let mix: f64 = shift
        .bins
        .iter()
        .filter(|bin| bin.reference_rows + bin.current_rows > 0)
        .map(|bin| {
            let reference_share = bin.reference_rows as f64 / reference_rows;
            let current_share = bin.current_rows as f64 / current_rows;
            let output = bin.reference_output / reference_rows + bin.current_output / current_rows;
            let mean_output = output / (reference_share + current_share);
            (current_share - reference_share) * mean_output
        })
        .sum();
    // A mean that hardly moved has nothing to explain; a ratio of two noises would claim anything.
    (move_of_mean.abs() > 1e-3 * reference_mean.abs().max(f64::MIN_POSITIVE)).then(|| mix / move_of_mean)
}

/// The share of the window's rows in bins where the reference has none.
pub fn unseen_share(shift: &FeatureShift) -> f64 {
    let rows: u64 = shift.bins.iter().map(|bin| bin.current_rows).sum();
    let unseen: u64 = shift.bins.iter().filter(|bin| bin.reference_rows == 0).map(|bin| bin.current_rows).sum();
    if rows == 0 { 0.0 } else { unseen as f64 / rows as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Limit;
    use quiver_event::time::Timestamp;

    fn window(number: i64) -> Window {
        Window { start: Timestamp(number * 10), end: Timestamp(number * 10 + 10) }
    }

    fn finding(number: i64, monitor: Monitor, subject: &str, verdict: Verdict) -> Finding {
        Finding {
            arm: "control".to_owned(),
            window: window(number),
            arrow: monitor.arrow(),
            monitor,
            subject: subject.to_owned(),
            slice: None,
            value: Some(1.0),
            interval: None,
            noise_floor: None,
            limit: Some(Limit::AtMost(0.2)),
            reference_value: None,
            rows: 100,
            reference_rows: 100,
            convention: "psi".to_owned(),
            verdict,
            evidence: String::new(),
        }
    }

    fn windows(rows: &[&[(Monitor, &str, Verdict)]]) -> Vec<WindowFindings> {
        let findings = |number: usize, row: &[(Monitor, &str, Verdict)]| {
            row.iter().map(|(monitor, subject, verdict)| finding(number as i64, *monitor, subject, *verdict)).collect()
        };
        rows.iter()
            .enumerate()
            .map(|(number, row)| WindowFindings::new(window(number as i64), 100, 100, findings(number, row)))
            .collect()
    }

    fn shift(feature: &str, bins: [(u64, f64, u64, f64); 2]) -> FeatureShift {
        let bins = bins
            .map(|(reference_rows, reference_output, current_rows, current_output)| BinResponse {
                reference_rows,
                reference_output,
                current_rows,
                current_output,
            })
            .to_vec();
        FeatureShift { feature: feature.to_owned(), bins }
    }

    #[test]
    fn the_earliest_window_wins_and_then_the_earlier_arrow() {
        use Verdict::{Broken, Drifted, Healthy};
        let windows = windows(&[
            &[(Monitor::Drift, "temp", Drifted), (Monitor::DecisionRate, "acted", Healthy)],
            &[
                (Monitor::Drift, "temp", Drifted),
                (Monitor::DecisionRate, "acted", Broken),
                (Monitor::Quality, "recall", Broken),
            ],
        ]);
        // All of the move goes with temp: outputs per bin are the same, only the mix changed.
        let shifts = vec![
            shift("temp", [(50, 40.0, 10, 8.0), (50, 10.0, 90, 18.0)]),
            shift("humid", [(50, 25.0, 50, 13.0), (50, 25.0, 50, 13.0)]),
        ];
        let diagnosis = diagnose("control", &windows, |asked| {
            assert_eq!(asked, window(1));
            shifts
        });
        let order: Vec<Arrow> = diagnosis.onsets.iter().map(|onset| onset.arrow).collect();
        assert_eq!(order, [Arrow::Decision, Arrow::Feedback]);
        assert_eq!(diagnosis.causes.len(), 1);
        assert_eq!(diagnosis.causes[0].subject, "temp");
        assert!((diagnosis.causes[0].share.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(diagnosis.causes[0].since, window(0));
        let [reference, current] = diagnosis.mean_output.unwrap();
        assert!((reference - 0.5).abs() < 1e-12 && (current - 0.26).abs() < 1e-12);
    }

    #[test]
    fn drift_without_harm_is_no_onset() {
        let windows = windows(&[&[(Monitor::Drift, "temp", Verdict::Drifted)]]);
        let diagnosis = diagnose("shadow", &windows, |_| panic!("nothing broke, so nothing is to be explained"));
        assert!(diagnosis.onsets.is_empty());
        assert_eq!(diagnosis.harmless_drift, ["temp"]);
    }

    #[test]
    fn a_feature_that_did_not_move_explains_nothing() {
        let same = shift("humid", [(50, 40.0, 50, 20.0), (50, 10.0, 50, 5.0)]);
        assert!(explained_share(&same).unwrap().abs() < 1e-12);
        assert_eq!(unseen_share(&shift("temp", [(100, 1.0, 20, 1.0), (0, 0.0, 80, 1.0)])), 0.8);
    }
}
