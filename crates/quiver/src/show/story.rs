//! The four arrows of a model in the terminal: a row an arrow, a column a period, and what broke first in words.

use super::number::{count, percent, short};
use super::paint::{bold, dim, mark, paint};
use comfy_table::{Cell, CellAlignment, Table, presets};
use quiver_event::Arrow;
use quiver_judge::diagnosis::{Cause, Diagnosis, Onset};
use quiver_judge::finding::{Finding, Limit, Monitor, Verdict};
use quiver_server::evaluation::{ArmEvaluation, Evaluation};
use std::fmt::Write as _;

/// The whole story of a model, ready to print.
pub fn story(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    for arm in &evaluation.arms {
        let role = if arm.is_live { "live" } else { "shadow" };
        let versions = arm.versions.join(", ");
        let _ = writeln!(text, "{}  {}", bold(&format!("{} arm `{}`", role, arm.arm)), dim(&versions));
        let _ = writeln!(text, "{}\n", arm_table(evaluation, arm));
    }
    let _ = writeln!(text, "{}", legend());
    for arm in &evaluation.arms {
        let _ = writeln!(text, "\n{}", diagnosis(evaluation, arm));
    }
    text
}

fn legend() -> String {
    let entries = [
        (Verdict::Healthy, "healthy"),
        (Verdict::Drifted, "moved, no promise broken"),
        (Verdict::Broken, "broken promise"),
        (Verdict::InsufficientSample, "too few rows to say"),
        (Verdict::Unjudged, "measured, nothing promised"),
        (Verdict::LabelsPending, "labels pending"),
        (Verdict::NotObserved, "not observed"),
    ];
    entries.map(|(verdict, words)| format!("{} {}", paint(verdict, mark(verdict)), dim(words))).join("   ")
}

/// A table of one arm: the arrows' verdicts, and under each the figures that tell it.
pub fn arm_table(evaluation: &Evaluation, arm: &ArmEvaluation) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let mut header = vec![Cell::new("")];
    header.extend(
        evaluation
            .labels
            .iter()
            .map(|label| Cell::new(short_label(label, &evaluation.labels)).set_alignment(CellAlignment::Right)),
    );
    table.set_header(header);
    for arrow in Arrow::ALL {
        let mut row = vec![Cell::new(bold(&format!("{} {}", arrow.number(), arrow.title())))];
        row.extend(arm.windows.iter().map(|window| {
            let verdict = window.arrows[arrow.number() - 1];
            Cell::new(paint(verdict, mark(verdict))).set_alignment(CellAlignment::Right)
        }));
        table.add_row(row);
        for (monitor, subject) in told_subjects(arm, arrow) {
            let series = arm.series(monitor, &subject);
            let mut row = vec![Cell::new(format!("    {}", row_title(monitor, &subject, &series)))];
            row.extend(series.iter().map(|finding| {
                Cell::new(finding.map_or_else(String::new, figure)).set_alignment(CellAlignment::Right)
            }));
            table.add_row(row);
        }
    }
    table
}

/// The largest number of features told in a table of arrows; the report has all.
const MAXIMUM_FEATURES: usize = 3;

/// The subjects worth a row: the features that moved most, and everything of the other arrows that was measured.
fn told_subjects(arm: &ArmEvaluation, arrow: Arrow) -> Vec<(Monitor, String)> {
    let subjects: Vec<(Monitor, String)> = arm
        .subjects()
        .into_iter()
        .filter(|(monitor, subject)| {
            monitor.arrow() == arrow
                && arm.series(*monitor, subject).iter().flatten().any(|finding| finding.value.is_some())
        })
        .collect();
    if arrow != Arrow::Features {
        return subjects;
    }
    let weight = |(monitor, subject): &(Monitor, String)| {
        let series = arm.series(*monitor, subject);
        let rank = series.iter().flatten().map(|finding| finding.verdict.rank()).max().unwrap_or(0);
        let peak = series.iter().flatten().filter_map(|finding| finding.value).fold(0.0, f64::max);
        (rank, peak)
    };
    let mut moved: Vec<(Monitor, String)> =
        subjects.into_iter().filter(|subject| weight(subject).0 >= Verdict::Drifted.rank()).collect();
    moved.sort_by(|left, right| {
        let (left_rank, left_peak) = weight(left);
        let (right_rank, right_peak) = weight(right);
        right_rank.cmp(&left_rank).then(right_peak.total_cmp(&left_peak))
    });
    moved.truncate(MAXIMUM_FEATURES);
    moved
}

fn row_title(monitor: Monitor, subject: &str, series: &[Option<&Finding>]) -> String {
    let limit = series.iter().flatten().find_map(|finding| finding.limit).map(|limit| limit_text(monitor, limit));
    let limit = limit.unwrap_or_default();
    let name = match monitor {
        Monitor::Drift => format!("{subject} distance"),
        Monitor::ScoreDrift => "score distance".to_owned(),
        Monitor::Missing
        | Monitor::Defaulted
        | Monitor::Stale
        | Monitor::Type
        | Monitor::Range
        | Monitor::Category
        | Monitor::Shape => {
            format!("{subject} {}", monitor.name())
        }
        _ => subject.replace('_', " "),
    };
    if limit.is_empty() { name } else { format!("{name} {}", dim(&limit)) }
}

fn limit_text(monitor: Monitor, limit: Limit) -> String {
    let number = |value: f64| match monitor {
        Monitor::LabelDelay => super::number::seconds(value),
        Monitor::Latency => super::number::seconds(value / 1e3),
        monitor if is_share(monitor) => percent(value),
        _ => short(value),
    };
    match limit {
        Limit::AtLeast(low) => format!("≥ {}", number(low)),
        Limit::AtMost(high) => format!("≤ {}", number(high)),
        Limit::Within(low, high) => format!("{} to {}", number(low), number(high)),
    }
}

/// Whether the monitor's values are shares of rows.
fn is_share(monitor: Monitor) -> bool {
    !matches!(monitor, Monitor::Latency | Monitor::LabelDelay | Monitor::Drift | Monitor::ScoreDrift | Monitor::Quality)
}

/// The value of a finding in the form that fits its monitor.
pub fn value_text(finding: &Finding) -> String {
    let Some(value) = finding.value else { return mark(finding.verdict).to_owned() };
    match finding.monitor {
        monitor if is_share(monitor) => percent(value),
        Monitor::Latency => super::number::seconds(value / 1e3),
        Monitor::LabelDelay => super::number::seconds(value),
        Monitor::Quality => format!("{value:.3}"),
        _ => format!("{value:.2}"),
    }
}

fn figure(finding: &Finding) -> String {
    let text = value_text(finding);
    match finding.verdict {
        Verdict::Unjudged => text,
        verdict => paint(verdict, &text),
    }
}

/// `2013-07` becomes `Jul` when all labels are months of one year.
fn short_label(label: &str, labels: &[String]) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let year = |label: &str| label.get(..5).map(ToOwned::to_owned);
    let same_year = labels.iter().all(|other| other.len() == 7 && year(other) == year(label));
    let month = label
        .get(5..)
        .and_then(|month| month.parse::<usize>().ok())
        .and_then(|month| month.checked_sub(1))
        .and_then(|month| MONTHS.get(month));
    match month {
        Some(month) if same_year => (*month).to_owned(),
        _ => label.to_owned(),
    }
}

/// What happened to one arm, in words made of its figures.
pub fn diagnosis(evaluation: &Evaluation, arm: &ArmEvaluation) -> String {
    let diagnosis = &arm.diagnosis;
    let name = if arm.is_live { "The live model".to_owned() } else { format!("The {} model", arm.arm) };
    let Some(first) = diagnosis.onsets.first() else {
        let compared = arm.windows.iter().flat_map(|window| &window.findings).any(|finding| finding.reference_rows > 0);
        let drifted = match diagnosis.harmless_drift.as_slice() {
            [] if !compared => "no promise was broken; there is no reference to compare its inputs with".to_owned(),
            [] => "its inputs look like the reference".to_owned(),
            features => format!("its inputs moved ({}), and no promise was broken", names(features)),
        };
        return format!("{} is {}: {drifted}.", bold(&name), paint(Verdict::Healthy, "healthy"));
    };
    let mut text = String::new();
    let since = evaluation.label_of(first.window);
    let _ = writeln!(
        text,
        "{} {} since {}. The arrow that broke first: {}.",
        bold(&name),
        paint(Verdict::Broken, "is broken"),
        bold(&long_label(since)),
        bold(&format!("{} {}", first.arrow.number(), first.arrow.title())),
    );
    for onset in &diagnosis.onsets {
        let _ = writeln!(text, "  {}", onset_line(evaluation, onset));
        for finding in &onset.findings {
            let _ = writeln!(text, "      {}", finding.evidence);
        }
    }
    let green = still_green(arm, first);
    if !green.is_empty() {
        let _ = writeln!(text, "  {} {}", dim("Green in every period, which is why nobody noticed:"), green);
    }
    text.push_str(&cause_lines(evaluation, diagnosis));
    let _ = writeln!(text, "  {}", infrastructure_line(diagnosis));
    for other in evaluation.arms.iter().filter(|other| other.arm != arm.arm) {
        if let Some(line) = comparison_line(evaluation, diagnosis, other) {
            let _ = writeln!(text, "  {line}");
        }
    }
    text.trim_end().to_owned()
}

fn onset_line(evaluation: &Evaluation, onset: &Onset) -> String {
    format!(
        "{} {} broken in {} of {} periods from {}:",
        onset.arrow.number(),
        onset.arrow.title(),
        onset.broken_windows,
        onset.judged_windows,
        long_label(evaluation.label_of(onset.window)),
    )
}

/// Quality targets that held in every period, and so hid what happened.
fn still_green(arm: &ArmEvaluation, first: &Onset) -> String {
    let metrics: Vec<String> = arm
        .subjects()
        .into_iter()
        .filter(|(monitor, _)| *monitor == Monitor::Quality)
        .filter(|(monitor, subject)| {
            let series = arm.series(*monitor, subject);
            let judged: Vec<&&Finding> = series.iter().flatten().filter(|finding| finding.limit.is_some()).collect();
            !judged.is_empty()
                && judged.iter().any(|finding| finding.window >= first.window)
                && judged.iter().all(|finding| matches!(finding.verdict, Verdict::Healthy | Verdict::LabelsPending))
        })
        .map(|(_, subject)| subject.replace('_', " "))
        .collect();
    metrics.join(", ")
}

fn cause_lines(evaluation: &Evaluation, diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    if diagnosis.causes.is_empty() {
        let _ =
            writeln!(text, "  Cause: no feature's shift goes with it; look at the model, the rules and the labels.");
        return text;
    }
    if let Some([reference, current]) = diagnosis.mean_output {
        let _ = writeln!(
            text,
            "  Cause: the mean output went from {} to {}. Of that move:",
            short(reference),
            short(current)
        );
    }
    for (index, cause) in diagnosis.causes.iter().enumerate() {
        let line = cause_line(evaluation, cause);
        let _ = writeln!(text, "    {}", if index == 0 { bold(&line) } else { line });
    }
    if diagnosis.causes.len() > 1 {
        let _ = writeln!(
            text,
            "    {}",
            dim("Features that move together each claim what they share, so shares may add up to more than 100 %.")
        );
    }
    text
}

fn cause_line(evaluation: &Evaluation, cause: &Cause) -> String {
    let mut line = match cause.share {
        Some(share) => format!("{} goes with `{}`", percent(share), cause.subject),
        None => format!("`{}`", cause.subject),
    };
    let _ = write!(line, " on arrow {}", cause.arrow.number());
    if let (Some(distance), Some(convention)) = (cause.distance, &cause.convention) {
        let measure = convention.split('/').next().unwrap_or(convention);
        let _ = write!(line, ", {measure} {distance:.2} from the reference");
    }
    let _ = write!(line, ", moved since {}", long_label(evaluation.label_of(cause.since)));
    if cause.unseen_share >= 0.01 {
        let _ = write!(line, "; {} of its values lie where the reference never was", percent(cause.unseen_share));
    }
    line
}

fn infrastructure_line(diagnosis: &Diagnosis) -> String {
    let service = |finding: &&Finding| matches!(finding.monitor, Monitor::Latency | Monitor::Errors);
    let observed: Vec<&Finding> =
        diagnosis.infrastructure.iter().filter(service).filter(|finding| finding.value.is_some()).collect();
    if observed.is_empty() {
        return "Infrastructure: not observed (the events carry no latency and no errors).".to_owned();
    }
    let broken: Vec<String> =
        observed.iter().filter(|finding| finding.verdict == Verdict::Broken).map(|finding| finding.title()).collect();
    if broken.is_empty() {
        let facts: Vec<String> = observed
            .iter()
            .map(|finding| format!("{} {}", finding.subject.replace('_', " "), value_text(finding)))
            .collect();
        format!("Not an infrastructure incident: {} in the same period.", facts.join(", "))
    } else {
        format!("Infrastructure broke in the same period: {}.", broken.join(", "))
    }
}

/// What the same shift did to another arm.
fn comparison_line(evaluation: &Evaluation, diagnosis: &Diagnosis, other: &ArmEvaluation) -> Option<String> {
    let cause = diagnosis.causes.first()?;
    let onset = diagnosis.onsets.first()?;
    let index = evaluation.windows.iter().position(|window| *window == onset.window)?;
    let distance = other.series(Monitor::Drift, &cause.subject).get(index).copied().flatten()?.value?;
    let harmed = other.diagnosis.onsets.iter().any(|other_onset| other_onset.arrow >= Arrow::Decision);
    let harm = if harmed { "and was harmed too" } else { "and kept every promise" };
    Some(format!("The {} model saw the same `{}` (distance {distance:.2}) {harm}.", other.arm, cause.subject))
}

fn names(features: &[String]) -> String {
    let shown: Vec<&str> = features.iter().take(6).map(String::as_str).collect();
    let rest = features.len().saturating_sub(shown.len());
    if rest > 0 { format!("{} and {} more", shown.join(", "), count(rest as u64)) } else { shown.join(", ") }
}

fn long_label(label: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let parts: Vec<&str> = label.split('-').collect();
    match parts.as_slice() {
        [year, month] => {
            match month.parse::<usize>().ok().and_then(|month| month.checked_sub(1)).and_then(|month| MONTHS.get(month))
            {
                Some(month) => format!("{month} {year}"),
                None => label.to_owned(),
            }
        }
        _ => label.to_owned(),
    }
}
