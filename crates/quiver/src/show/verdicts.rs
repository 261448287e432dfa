//! The findings of a check in the terminal: what is broken first, then what moved, then a count of the rest.

use super::number::count;
use super::paint::{bold, dim, mark, paint};
use quiver_event::Arrow;
use quiver_judge::finding::{Finding, Verdict};
use quiver_server::evaluation::{ArmEvaluation, Evaluation};
use std::fmt::Write as _;

/// The findings of one arm, arrow by arrow.
pub fn check_table(evaluation: &Evaluation, arm: &ArmEvaluation) -> String {
    let mut text = format!("{} against {}\n", bold(&evaluation.spec.model), reference_words(evaluation));
    for arrow in Arrow::ALL {
        let findings: Vec<&Finding> =
            arm.windows.iter().flat_map(|window| &window.findings).filter(|finding| finding.arrow == arrow).collect();
        let worst = findings.iter().map(|finding| finding.verdict).max_by_key(|verdict| verdict.rank());
        let worst = worst.unwrap_or(Verdict::NotObserved);
        let title = format!("{} {}", arrow.number(), arrow.title());
        let _ = writeln!(text, "\n{} {}", paint(worst, mark(worst)), bold(&title));
        for verdict in [Verdict::Broken, Verdict::Drifted, Verdict::InsufficientSample] {
            for finding in findings.iter().filter(|finding| finding.verdict == verdict) {
                let label = if evaluation.windows.len() > 1 {
                    format!("{}: ", evaluation.label_of(finding.window))
                } else {
                    String::new()
                };
                let _ = writeln!(text, "  {} {label}{}", paint(verdict, mark(verdict)), finding.evidence);
            }
        }
        let number = |verdict: Verdict| findings.iter().filter(|finding| finding.verdict == verdict).count() as u64;
        let rest = [
            (Verdict::Healthy, "healthy"),
            (Verdict::Unjudged, "measured without a promise"),
            (Verdict::LabelsPending, "labels pending"),
            (Verdict::NotObserved, "not observed"),
            (Verdict::NoData, "without data"),
        ];
        let parts: Vec<String> = rest
            .into_iter()
            .filter(|(verdict, _)| number(*verdict) > 0)
            .map(|(verdict, words)| format!("{} {words}", count(number(verdict))))
            .collect();
        if !parts.is_empty() {
            let _ = writeln!(text, "  {}", dim(&parts.join(", ")));
        }
    }
    text.trim_end().to_owned()
}

fn reference_words(evaluation: &Evaluation) -> String {
    match evaluation.reference {
        Some(period) => format!("its reference, {} to {}", period.start, period.end),
        None => "its spec".to_owned(),
    }
}
