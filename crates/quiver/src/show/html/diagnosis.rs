//! What broke, in what order, and what goes with it: the sentences and bars of the diagnosis, in the words of the story.

use super::super::number::{percent, short};
use super::super::story::value_text;
use super::calendar::Calendar;
use super::index::Index;
use super::scale::width_percent;
use super::words::{excess, limit, limit_kind, measure, name, names, sentence, subject};
use quiver_event::Arrow;
use quiver_judge::diagnosis::{Cause, Diagnosis, Onset};
use quiver_judge::finding::{Finding, Monitor, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

/// The most evidence sentences of one onset.
const MOST_SENTENCES: usize = 8;

/// The most slices in the table of slices.
const MOST_SLICES: usize = 30;

/// One arrow that broke.
#[derive(Debug, Serialize)]
pub struct OnsetBlock {
    number: usize,
    title: &'static str,
    since: String,
    lasts: String,
    evidence: Vec<String>,
    more: usize,
}

/// One cause with its bar.
#[derive(Debug, Serialize)]
pub struct CauseBar {
    name: String,
    share: String,
    width: String,
    facts: Vec<String>,
}

/// One slice in which a promise broke.
#[derive(Debug, Serialize)]
pub struct SliceRow {
    subject: String,
    slice: String,
    verdict: &'static str,
    periods: String,
    worst: String,
}

/// The diagnosis of one arm.
#[derive(Debug, Serialize)]
pub struct ArmBlock {
    name: String,
    is_live: bool,
    is_broken: bool,
    verdict: &'static str,
    summary: String,
    onsets: Vec<OnsetBlock>,
    output: Option<[String; 2]>,
    causes: Vec<CauseBar>,
    infrastructure: String,
    comparisons: Vec<String>,
    green: Option<String>,
    slices: Vec<SliceRow>,
    more_slices: usize,
}

/// What an arm's model is called in a sentence.
pub fn arm_words(index: &Index<'_>) -> String {
    if index.arm.is_live { "The live model".to_owned() } else { format!("The `{}` model", name(&index.arm.arm)) }
}

/// The diagnosis of every arm.
pub fn blocks(indexes: &[Index<'_>], calendar: &Calendar) -> Vec<ArmBlock> {
    indexes.iter().map(|index| block(index, indexes, calendar)).collect()
}

fn block(index: &Index<'_>, all: &[Index<'_>], calendar: &Calendar) -> ArmBlock {
    let diagnosis = &index.arm.diagnosis;
    let (slices, more_slices) = slices(index, calendar);
    let is_broken = !diagnosis.onsets.is_empty();
    ArmBlock {
        name: name(&index.arm.arm),
        is_live: index.arm.is_live,
        is_broken,
        // Drift alone is a finding, not a failure, as the summary says.
        verdict: match overall(index) {
            Verdict::Drifted => Verdict::Healthy.name(),
            verdict => verdict.name(),
        },
        summary: summary(index, calendar),
        onsets: diagnosis.onsets.iter().map(|onset| onset_block(index, onset, calendar)).collect(),
        output: diagnosis.mean_output.filter(|_| is_broken).map(|output| output.map(short)),
        causes: diagnosis.causes.iter().map(|cause| cause_bar(cause, calendar)).collect(),
        infrastructure: infrastructure(diagnosis),
        comparisons: comparisons(index, all, calendar),
        green: is_broken.then(|| still_green(index, calendar)).flatten(),
        slices,
        more_slices,
    }
}

/// Broken when anything ever broke, else the worst of what was seen.
pub fn overall(index: &Index<'_>) -> Verdict {
    let verdicts = index.arm.windows.iter().flat_map(|window| window.arrows);
    verdicts.max_by_key(|verdict| verdict.rank()).unwrap_or(Verdict::NoData)
}

/// One sentence on an arm.
pub fn summary(index: &Index<'_>, calendar: &Calendar) -> String {
    let words = arm_words(index);
    let diagnosis = &index.arm.diagnosis;
    if let Some(first) = diagnosis.onsets.first() {
        let since = calendar.long_of(first.window);
        // The number stays with its name at the end of a line.
        let arrow = format!("{}\u{a0}{}", first.arrow.number(), first.arrow.title());
        return if is_over(index) {
            format!("{words} broke {}. The arrow that broke first: {arrow}.", calendar.within_of(first.window))
        } else {
            format!("{words} is broken since {since}. The arrow that broke first: {arrow}.")
        };
    }
    match overall(index) {
        Verdict::Healthy if !is_compared(index) => {
            format!("{words} is healthy: no promise was broken; there is no reference to compare its inputs with.")
        }
        Verdict::Healthy => format!("{words} is healthy: its inputs look like the reference."),
        Verdict::Drifted if diagnosis.harmless_drift.is_empty() => {
            format!("{words} is healthy: something moved, and no promise was broken.")
        }
        Verdict::Drifted => {
            let features = names(diagnosis.harmless_drift.iter().map(String::as_str), 6);
            format!("{words} is healthy: its inputs moved ({features}), and no promise was broken.")
        }
        Verdict::LabelsPending => format!("{words} cannot be judged yet: labels are still coming."),
        Verdict::InsufficientSample => format!("{words} cannot be judged: there are too few rows to say."),
        Verdict::NoData => format!("{words} has no data."),
        _ => format!("{words} was not judged: nothing that was promised was observed."),
    }
}

fn is_compared(index: &Index<'_>) -> bool {
    index.arm.windows.iter().flat_map(|window| &window.findings).any(|finding| finding.reference_rows > 0)
}

/// Whether every arrow that ever broke keeps its promises again in the last period in which it was judged.
pub fn is_over(index: &Index<'_>) -> bool {
    let last = |onset: &Onset| last_judged(index, onset.arrow).map(|(_, verdict)| verdict);
    index.arm.diagnosis.onsets.iter().all(|onset| last(onset).is_some_and(|verdict| verdict != Verdict::Broken))
}

/// The last period in which an arrow was judged, and what was said.
pub fn last_judged(index: &Index<'_>, arrow: Arrow) -> Option<(usize, Verdict)> {
    let verdicts = index.arm.windows.iter().map(|window| window.arrows[arrow.number() - 1]);
    verdicts.enumerate().rfind(|(_, verdict)| verdict.rank() >= Verdict::Healthy.rank())
}

fn onset_block(index: &Index<'_>, onset: &Onset, calendar: &Calendar) -> OnsetBlock {
    let mut findings: Vec<&Finding> = onset.findings.iter().collect();
    findings.sort_by(|left, right| {
        left.slice.is_some().cmp(&right.slice.is_some()).then(excess(right).total_cmp(&excess(left)))
    });
    OnsetBlock {
        number: onset.arrow.number(),
        title: onset.arrow.title(),
        since: calendar.long_of(onset.window),
        lasts: lasts(index, onset, calendar),
        evidence: findings.iter().take(MOST_SENTENCES).map(|finding| sentence(&finding.evidence)).collect(),
        more: findings.len().saturating_sub(MOST_SENTENCES),
    }
}

/// How long an arrow has been broken, such as `broken in 8 of 9 months; December 2013 is healthy again`.
pub fn lasts(index: &Index<'_>, onset: &Onset, calendar: &Calendar) -> String {
    let unit = calendar.unit();
    let plural = if onset.judged_windows == 1 { "" } else { "s" };
    let mut text = format!("broken in {} of {} judged {unit}{plural}", onset.broken_windows, onset.judged_windows);
    if let Some((last, verdict)) = last_judged(index, onset.arrow).filter(|_| onset.judged_windows > 1) {
        let period = calendar.long(last);
        match verdict {
            Verdict::Broken => text.push_str(&format!(", up to {period}")),
            Verdict::Healthy => text.push_str(&format!("; {period} is healthy again")),
            _ => text.push_str(&format!("; {period} keeps its promises again")),
        }
    }
    text
}

fn cause_bar(cause: &Cause, calendar: &Calendar) -> CauseBar {
    let mut facts = vec![format!("arrow {}", cause.arrow.number())];
    if let (Some(distance), Some(convention)) = (cause.distance, &cause.convention) {
        facts.push(format!("{} {distance:.2} from the reference", measure(convention)));
    }
    facts.push(format!("moved since {}", calendar.long_of(cause.since)));
    if cause.unseen_share >= 0.01 {
        facts.push(format!("{} of its values lie where the reference never was", percent(cause.unseen_share)));
    }
    CauseBar {
        name: name(&cause.subject),
        share: cause.share.map_or_else(|| "–".to_owned(), percent),
        width: width_percent(cause.share.unwrap_or(0.0)),
        facts,
    }
}

/// The largest cause as one sentence.
pub fn cause_sentence(diagnosis: &Diagnosis, calendar: &Calendar) -> String {
    let Some(cause) = diagnosis.causes.first() else {
        return "No feature's shift goes with it; look at the model, the rules and the labels.".to_owned();
    };
    let mut text = match (diagnosis.mean_output, cause.share) {
        (Some([before, after]), Some(share)) => format!(
            "The mean output went from {} to {}, and {} of that move goes with `{}`",
            short(before),
            short(after),
            percent(share),
            name(&cause.subject)
        ),
        _ => format!("`{}` moved", name(&cause.subject)),
    };
    if let (Some(distance), Some(convention)) = (cause.distance, &cause.convention) {
        text.push_str(&format!(": {} {distance:.2} from the reference", measure(convention)));
    }
    text.push_str(&format!(", moved since {}", calendar.long_of(cause.since)));
    if cause.unseen_share >= 0.01 {
        text.push_str(&format!("; {} of its values lie where the reference never was", percent(cause.unseen_share)));
    }
    text.push('.');
    text
}

/// Whether this is an infrastructure incident, as far as the events tell.
pub fn infrastructure(diagnosis: &Diagnosis) -> String {
    let observed: Vec<&Finding> = diagnosis
        .infrastructure
        .iter()
        .filter(|finding| matches!(finding.monitor, Monitor::Latency | Monitor::Errors) && finding.value.is_some())
        .collect();
    if observed.is_empty() {
        return "Not observed: the events carry no latency and no errors.".to_owned();
    }
    let told = |finding: &&Finding| format!("{} {}", subject(finding), value_text(finding));
    let broken: Vec<String> = observed.iter().filter(|finding| finding.verdict == Verdict::Broken).map(&told).collect();
    if broken.is_empty() {
        let facts: Vec<String> = observed.iter().map(&told).collect();
        format!("Not an infrastructure incident: {} in the same period.", facts.join(", "))
    } else {
        format!("Infrastructure broke in the same period: {}.", broken.join(", "))
    }
}

/// What the same shift did to the other arms.
pub fn comparisons(index: &Index<'_>, all: &[Index<'_>], calendar: &Calendar) -> Vec<String> {
    let diagnosis = &index.arm.diagnosis;
    let (Some(cause), Some(onset)) = (diagnosis.causes.first(), diagnosis.onsets.first()) else { return Vec::new() };
    let Some(position) = calendar.position(onset.window) else { return Vec::new() };
    let line = |other: &Index<'_>| {
        let finding = other.series(Monitor::Drift, &cause.subject)?.get(position).copied().flatten()?;
        let harmed = other.arm.diagnosis.onsets.iter().any(|onset| onset.arrow >= Arrow::Decision);
        let harm = if harmed { "and was harmed too" } else { "and kept every promise" };
        let words = arm_words(other);
        Some(format!("{words} saw the same `{}` (distance {:.2}) {harm}.", name(&cause.subject), finding.value?))
    };
    all.iter().filter(|other| other.arm.arm != index.arm.arm).filter_map(line).take(4).collect()
}

/// Quality targets that held in every period, and so hid what happened.
fn still_green(index: &Index<'_>, calendar: &Calendar) -> Option<String> {
    let first = index.arm.diagnosis.onsets.first()?;
    let held: Vec<&str> = index
        .on(Arrow::Feedback)
        .filter(|(monitor, _, series)| {
            let judged = || series.iter().flatten().filter(|finding| finding.limit.is_some());
            *monitor == Monitor::Quality
                && judged().any(|finding| finding.window >= first.window)
                && judged().all(|finding| matches!(finding.verdict, Verdict::Healthy | Verdict::LabelsPending))
        })
        .map(|(_, subject, _)| subject)
        .collect();
    let held: Vec<String> = held.iter().map(|metric| metric.replace('_', " ")).collect();
    let verb = if held.len() == 1 { "kept its target" } else { "kept their targets" };
    let unit = calendar.unit();
    (!held.is_empty()).then(|| format!("{} {verb} in every {unit}, which is why nobody noticed.", listed(&held)))
}

/// Words in a row, the last after an `and`.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The slices in which a promise broke or something moved, the most often broken first.
fn slices(index: &Index<'_>, calendar: &Calendar) -> (Vec<SliceRow>, usize) {
    let mut found: BTreeMap<(&str, &str, &str), Vec<&Finding>> = BTreeMap::new();
    for finding in index.arm.windows.iter().flat_map(|window| &window.findings) {
        if let Some(slice) = &finding.slice {
            found.entry((&finding.subject, &slice.name, &slice.value)).or_default().push(finding);
        }
    }
    let mut rows: Vec<(usize, usize, SliceRow)> = found
        .into_iter()
        .filter_map(|((subject, slice, value), findings)| {
            let bad: Vec<&&Finding> =
                findings.iter().filter(|finding| finding.verdict.rank() >= Verdict::Drifted.rank()).collect();
            let worst = bad.iter().max_by(|left, right| excess(left).total_cmp(&excess(right)))?;
            let judged = findings.iter().filter(|finding| finding.verdict.rank() >= Verdict::Healthy.rank()).count();
            let broken = bad.iter().filter(|finding| finding.verdict == Verdict::Broken).count();
            let row = SliceRow {
                subject: name(subject).replace('_', " "),
                slice: format!("{}={}", name(slice), name(value)),
                verdict: worst.verdict.name(),
                periods: format!("{} of {judged}", bad.len()),
                worst: {
                    let bound = limit(worst).map(|bound| format!(", {} {bound}", limit_kind(worst.monitor)));
                    let period = calendar.within_of(worst.window);
                    format!("{} {period}{}", value_text(worst), bound.unwrap_or_default())
                },
            };
            Some((broken, bad.len(), row))
        })
        .collect();
    rows.sort_by_key(|(broken, bad, _)| std::cmp::Reverse((*broken, *bad)));
    let more = rows.len().saturating_sub(MOST_SLICES);
    (rows.into_iter().take(MOST_SLICES).map(|(_, _, row)| row).collect(), more)
}
