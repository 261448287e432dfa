//! Findings as a JUnit report, so that any CI shows them as tests: one suite an arrow, one case a finding.

use anyhow::Result;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use quiver_event::Arrow;
use quiver_judge::finding::Verdict;
use quiver_server::evaluation::{ArmEvaluation, Evaluation};

/// The report of one arm.
pub fn junit(evaluation: &Evaluation, arm: &ArmEvaluation, fail_on_drift: bool) -> Result<String> {
    let mut report = Report::new(format!("quiver {}", evaluation.spec.model));
    for arrow in Arrow::ALL {
        let mut suite = TestSuite::new(arrow.name());
        for finding in arm.windows.iter().flat_map(|window| &window.findings).filter(|finding| finding.arrow == arrow) {
            let failed = finding.verdict == Verdict::Broken || (fail_on_drift && finding.verdict == Verdict::Drifted);
            let status = match finding.verdict {
                _ if failed => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_message(finding.evidence.clone()).set_type(finding.verdict.name());
                    status
                }
                Verdict::Healthy | Verdict::Drifted | Verdict::Unjudged => TestCaseStatus::success(),
                verdict => {
                    let mut status = TestCaseStatus::skipped();
                    status.set_message(format!("{}: {}", verdict.name(), finding.evidence));
                    status
                }
            };
            let name = format!("{} {}", finding.monitor.name(), finding.title());
            let name = if evaluation.windows.len() > 1 {
                format!("{} {name}", evaluation.label_of(finding.window))
            } else {
                name
            };
            let mut case = TestCase::new(name, status);
            case.set_classname(format!("{}.{}", evaluation.spec.model, arrow.name()));
            case.set_system_out(finding.evidence.clone());
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    Ok(report.to_string()?)
}
