//! Judges one window of one arm: asks every monitor, and tells how the features moved.

use crate::comparison::ComparisonError;
use crate::diagnosis::{BinResponse, FeatureShift, WindowFindings};
use crate::facts::WindowFacts;
use crate::monitor::{decision, door, features, feedback, inference};
use quiver_event::Arrow;
use quiver_event::spec::Spec;
use quiver_profile::column::Response;
use quiver_profile::outcome::Outcome;
use quiver_profile::profile::Profile;

/// Asks every monitor what it says of the window.
pub fn judge_window(spec: &Spec, facts: &WindowFacts<'_>) -> Result<WindowFindings, ComparisonError> {
    let mut findings = features::judge(spec, facts)?;
    findings.extend(inference::judge(spec, facts));
    findings.extend(decision::judge(spec, facts)?);
    findings.extend(feedback::judge(spec, facts));
    findings.extend(door::judge(spec, facts));
    let rows = facts.profile.map_or(0, Profile::rows);
    let labelled = facts.outcomes.whole.as_ref().map_or(0, Outcome::labelled);
    Ok(WindowFindings::new(facts.window, rows, labelled, findings))
}

/// How every feature moved between the reference and a window, and what the model said in each bin.
pub fn feature_shifts(spec: &Spec, facts: &WindowFacts<'_>) -> Vec<FeatureShift> {
    let shift = |name: &str| {
        let (column, reference) =
            facts.column(Arrow::Features, name).zip(facts.reference_column(Arrow::Features, name))?;
        if column.edges_id() != reference.edges_id() {
            return None;
        }
        let (before, after) = (reference.response()?, column.response()?);
        let sums = |response: &Response| -> Vec<(u64, f64)> {
            let means = response.means().into_iter().map(|mean| mean.unwrap_or(0.0));
            response.counts().iter().zip(means).map(|(&count, mean)| (count, mean * count as f64)).collect()
        };
        let bins = sums(before).into_iter().zip(sums(after)).map(
            |((reference_rows, reference_output), (current_rows, current_output))| BinResponse {
                reference_rows,
                reference_output,
                current_rows,
                current_output,
            },
        );
        Some(FeatureShift { feature: name.to_owned(), bins: bins.collect() })
    };
    spec.features.names().filter_map(shift).collect()
}
