//! Writes a draft as the YAML of a spec; of personal columns it writes the name and the class, never a value.

use super::personal::Personal;
use super::personal_of;
use super::roles::Role;
use super::statistics::{ColumnStatistics, Shape};
use super::{Draft, InferredTarget};
use quiver_event::spec::Task;
use quiver_event::units::Duration;
use std::collections::HashSet;
use std::fmt::Write;

/// Distinct texts up to which a column is a category with listed values.
const MAX_VALUES: usize = 50;
/// Distinct texts up to which a category makes a slice.
const MAX_SLICE_VALUES: usize = 20;
/// Slices that are proposed; each one costs a profile of its own.
const MAX_SLICES: usize = 4;

/// The text of the spec. Writing to a string cannot fail.
pub(super) fn write(draft: &Draft, targets: &[InferredTarget]) -> String {
    let mut text = String::new();
    head(&mut text, draft);
    quality(&mut text, draft, targets);
    feedback(&mut text, draft);
    let slices = features(&mut text, draft);
    if !slices.is_empty() {
        let names: Vec<String> = slices.iter().map(|name| quote(name)).collect();
        let _ = writeln!(text, "slices: [{}]", names.join(", "));
    }
    if draft.task == Task::Binary {
        let _ = writeln!(
            text,
            "decision: {{threshold: 0.5}}                # owner: the score at which you act, and the actions"
        );
    }
    text.push_str("# owner: cost: {prices: {cpu: 0.04 USD per hour}, at_most: 0.40 USD per 1k}\n");
    match &draft.reference {
        Some((from, to)) => {
            let _ = writeln!(text, "reference: {{from: {from}, to: {to}}}   # owner: a period you know was healthy");
        }
        None => {
            text.push_str("# owner: reference: {from: 2013-02-01, to: 2013-03-01}   # a period you know was healthy\n");
        }
    }
    text.push_str("drift: {measure: psi, window: 1d}\nalarms: {sustained: 3 of 4, false_pages: 1 per year}\n");
    privacy(&mut text, draft);
    columns(&mut text, draft);
    text
}

fn head(text: &mut String, draft: &Draft) {
    let _ = writeln!(text, "# yaml-language-server: $schema={}", one_line(&draft.schema_path));
    let _ =
        writeln!(text, "# Drafted by `quiver init` from {} rows. `# owner:` marks what only you can know.", draft.rows);
    let _ = writeln!(text, "model: {}", quote(&draft.model));
    text.push_str("# owner: owner: team@example.com   # who answers for this model\n");
    let _ = writeln!(text, "task: {}", draft.task.name());
    let _ = writeln!(text, "timezone: {}   # owner: the zone in which your days begin", quote(&draft.timezone));
    text.push_str(
        "# owner: purpose: {metric: NAME, from: feedback, aggregate: mean, direction: up, within: 24h}   # why the model exists\n",
    );
    if let Some(latency) = draft.statistics_of(Role::Latency)
        && let Some(p95) = latency.quantile(0.95).filter(|p95| *p95 > 0.0)
    {
        let limit = round_up(p95 * 1.5);
        let _ = writeln!(
            text,
            "service: {{p95_latency: {limit}ms}}   # owner: what you promised; half above what was measured"
        );
    } else {
        text.push_str(
            "# owner: service: {p95_latency: 150ms, error_rate: 0.1%, availability: 99.9%}   # what you promised\n",
        );
    }
}

fn quality(text: &mut String, draft: &Draft, targets: &[InferredTarget]) {
    let fitting: Vec<&InferredTarget> =
        targets.iter().filter(|target| target.metric.fits(draft.task) && target.limit.is_finite()).collect();
    if fitting.is_empty() || draft.column_of(Role::Label).is_none() {
        text.push_str(
            "# owner: quality:   # what the answers must reach\n# owner:   - {metric: NAME, at_least: 0.5}\n",
        );
        return;
    }
    text.push_str("quality:   # from the healthy period, with a margin; owner: what you need\n");
    for target in fitting {
        let threshold =
            target.threshold.filter(|threshold| target.metric.needs_threshold() && (0.0..=1.0).contains(threshold));
        let threshold = threshold.map_or_else(String::new, |threshold| format!(", threshold: {threshold}"));
        let side = if target.metric.larger_is_better() { "at_least" } else { "at_most" };
        let limit = significant(target.limit, 3);
        let _ = writeln!(text, "  - {{metric: {}{threshold}, {side}: {limit}}}", target.metric.name());
    }
}

/// The time after which labels are no longer awaited: twice the slow ones, in whole days, at least a week.
fn horizon_days(draft: &Draft) -> i64 {
    let slow = draft.delays.map_or(0, |(_, p95)| p95.microseconds());
    (2 * slow / quiver_event::time::MICROSECONDS_PER_DAY + 1).max(7)
}

fn feedback(text: &mut String, draft: &Draft) {
    let Some(label) = draft.column_of(Role::Label) else {
        text.push_str(
            "# owner: feedback: {label: NAME, source: WHERE, expected_delay: {p50: 3h, p95: 8h}, horizon: 7d}\n",
        );
        return;
    };
    let delay = draft.delays.map_or_else(String::new, |(p50, p95)| {
        format!(", expected_delay: {{p50: {}, p95: {}}}", friendly(p50), friendly(p95))
    });
    let days = horizon_days(draft);
    let _ = writeln!(
        text,
        "feedback: {{label: {}{delay}, horizon: {days}d}}   # owner: where the truth comes from",
        quote(label)
    );
}

/// A duration rounded up to a whole number of a unit people use.
fn friendly(duration: Duration) -> String {
    let microseconds = duration.microseconds();
    for (name, unit) in [("d", 86_400_000_000_i64), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)] {
        if microseconds >= 2 * unit {
            return format!("{}{name}", (microseconds + unit - 1) / unit);
        }
    }
    format!("{}ms", (microseconds + 999) / 1_000)
}

/// Writes the features and returns the proposed slices.
fn features(text: &mut String, draft: &Draft) -> Vec<String> {
    text.push_str("# owner: write `privacy: public` on what anyone may see, and check the classes below\nfeatures:\n");
    let mut slices = Vec::new();
    let mut written: HashSet<String> = HashSet::new();
    for (column, role) in draft.columns.iter().zip(&draft.roles) {
        let name = one_line(&column.name);
        let reason = match role {
            Role::Feature => match written.insert(column.name.to_ascii_lowercase()) {
                true => None,
                false => Some("differs from another column by case only"),
            },
            Role::Constant => Some("constant or empty in these data"),
            Role::OtherOutput => {
                Some("looks like another model's answer; several answers are declared as `columns.arms`")
            }
            Role::Outcome => Some("looks like something known only after the prediction"),
            Role::LeftOut => Some("a split of the data, a row number, or values no feature can hold"),
            _ => continue,
        };
        if let Some(reason) = reason {
            let _ = writeln!(text, "  # left out: {name}: {reason}");
            continue;
        }
        let (body, comment) = feature(column);
        let _ = writeln!(text, "  {}: {{{body}}}{comment}", quote(&column.name));
        if is_slice(column) && slices.len() < MAX_SLICES {
            slices.push(column.name.clone());
        }
    }
    slices
}

fn feature(column: &ColumnStatistics) -> (String, String) {
    let required = if column.nulls == 0 && column.rows >= 1_000 { ", required: true" } else { "" };
    let share = column.nulls as f64 / column.rows.max(1) as f64 * 100.0;
    let missing = match share {
        share if share >= 0.05 => format!("   # {share:.1} % missing"),
        _ => String::new(),
    };
    if let Some(personal) = personal_of(column) {
        return private_feature(column, personal);
    }
    let body = match column.shape {
        Shape::Number => match range(column) {
            Some((low, high)) => format!("type: number, range: [{low}, {high}]"),
            None => "type: number".to_owned(),
        },
        Shape::Boolean => "type: boolean".to_owned(),
        Shape::Time | Shape::LocalTime => "type: timestamp".to_owned(),
        Shape::Vector => match column.dimension {
            Some(dimension) => format!("type: embedding, dimension: {dimension}"),
            None => "type: embedding".to_owned(),
        },
        Shape::Text | Shape::Other => match values(column) {
            Some(values) => format!("type: category, values: [{}]", values.join(", ")),
            None => "type: category".to_owned(),
        },
    };
    (format!("{body}{required}"), missing)
}

/// A feature that seems to be personal: its class and what is done, no range, no value.
fn private_feature(column: &ColumnStatistics, personal: Personal) -> (String, String) {
    let kind = match column.shape {
        Shape::Number => "number",
        Shape::Boolean => "boolean",
        Shape::Time | Shape::LocalTime => "timestamp",
        Shape::Vector => "embedding",
        Shape::Text if personal == Personal::FreeText => "text",
        Shape::Text | Shape::Other => "category",
    };
    let (privacy, action) = match personal {
        Personal::Secret => ("secret", "drop"),
        Personal::FreeText => ("free_text", "drop"),
        Personal::Subject => ("subject", "hash"),
        // A category keeps a keyed hash, so that its distribution can still be compared; nothing else can hold one.
        _ if kind == "category" => ("personal", "hash"),
        _ => ("personal", "drop"),
    };
    let action = if kind == "category" || action == "drop" { action } else { "drop" };
    let comment = format!("   # owner: {}; is it?", personal.words());
    (format!("type: {kind}, privacy: {privacy}, action: {action}"), comment)
}

/// The listed values of a category that has few of them, each often enough not to stand for one row.
fn values(column: &ColumnStatistics) -> Option<Vec<String>> {
    let texts = column.texts()?;
    let repeated = texts.len() as u64 * 2 <= column.values();
    let short = texts.keys().all(|text| text.len() <= 60);
    (!texts.is_empty() && texts.len() <= MAX_VALUES && repeated && short)
        .then(|| texts.keys().map(|text| quote(text)).collect())
}

fn is_slice(column: &ColumnStatistics) -> bool {
    let few = column.texts().is_some_and(|texts| (2..=MAX_SLICE_VALUES).contains(&texts.len()));
    let category = few && values(column).is_some();
    personal_of(column).is_none() && (category || column.shape == Shape::Boolean)
}

/// The range of nearly all values, widened by a quarter and rounded outwards, so that a healthy window stays inside.
fn range(column: &ColumnStatistics) -> Option<(String, String)> {
    let (low, high) = (column.quantile(0.001)?, column.quantile(0.999)?);
    if !low.is_finite() || !high.is_finite() || high - low > 1e300 {
        return None;
    }
    let margin = ((high - low) / 4.0).max(high.abs() * 0.01).max(f64::MIN_POSITIVE);
    let step = 10_f64.powf((high - low + 2.0 * margin).log10().floor() - 1.0);
    let mut from = ((low - margin) / step).floor() * step;
    let mut to = ((high + margin) / step).ceil() * step;
    // What is never negative, such as a distance, gets no negative limit; and a share none above one.
    if column.min >= 0.0 {
        from = from.max(0.0);
    }
    if column.min >= 0.0 && column.max <= 1.0 && high > 0.5 {
        to = to.min(1.0);
    }
    if column.max <= 0.0 {
        to = to.min(0.0);
    }
    (from.is_finite() && to.is_finite() && from < to).then(|| (decimal(from, step), decimal(to, step)))
}

/// A multiple of `step` without the binary noise.
fn decimal(number: f64, step: f64) -> String {
    let places = (-step.log10().floor()).clamp(0.0, 17.0) as usize;
    let text = format!("{number:.places$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false if number.abs() >= 1e15 => format!("{number:e}").replace('e', ".0e+"),
        false => text,
    }
}

fn significant(number: f64, digits: i32) -> f64 {
    if number == 0.0 || !number.is_finite() {
        return 0.0;
    }
    let scale = 10_f64.powi(digits - 1 - number.abs().log10().floor() as i32);
    (number * scale).round() / scale
}

/// Rounded up to two significant digits.
fn round_up(number: f64) -> f64 {
    let step = 10_f64.powf(number.log10().floor() - 1.0);
    significant((number / step).ceil() * step, 2)
}

fn privacy(text: &mut String, draft: &Draft) {
    let days = horizon_days(draft).max(30);
    let subject = draft.column_of(Role::Subject).map_or_else(String::new, |name| format!("subject: {}, ", quote(name)));
    let _ = writeln!(
        text,
        "privacy: {{{subject}retention: {{events: {days}d, profiles: 2y}}}}   # owner: whose data this is, and how long you may keep it"
    );
}

fn columns(text: &mut String, draft: &Draft) {
    let Some(at) = draft.column_of(Role::At) else {
        text.push_str("# owner: columns: {at: NAME}   # no column of times was found\n");
        return;
    };
    let output = match draft.task {
        Task::Binary => "score",
        Task::Multiclass => "class",
        _ => "value",
    };
    text.push_str("columns:\n");
    let mut line = |key: &str, name: &str| {
        let _ = writeln!(text, "  {key}: {}", quote(name));
    };
    line("at", at);
    if draft.columns.iter().zip(&draft.roles).any(|(column, role)| {
        column.shape == Shape::LocalTime && matches!(role, Role::At | Role::LabelTime | Role::Feature)
    }) {
        line("timezone", "UTC");
    }
    for (key, role) in [
        ("id", Role::Id),
        ("version", Role::Version),
        (output, Role::Output),
        ("action", Role::Action),
        ("decided_by", Role::DecidedBy),
        ("latency_ms", Role::Latency),
        ("error", Role::Error),
        ("subject", Role::Subject),
        ("label", Role::Label),
        ("label_time", Role::LabelTime),
    ] {
        // Without a label its time says nothing.
        let useless = role == Role::LabelTime && draft.column_of(Role::Label).is_none();
        if let Some(name) = draft.column_of(role).filter(|_| !useless) {
            line(key, name);
        }
    }
}

/// A name or a text as YAML reads it back: plain where it is safe, else in double quotes.
fn quote(text: &str) -> String {
    let mut letters = text.chars();
    let plain = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '/' | '.'));
    let lower = text.to_ascii_lowercase();
    let word =
        matches!(lower.as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n" | "nan" | "inf");
    if plain && !word {
        return text.to_owned();
    }
    // A JSON string is a YAML string, once no control character is left raw.
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007f")
        .replace('\u{85}', "\\u0085")
        .replace('\u{feff}', "\\ufeff")
}

/// A name for a comment: no line breaks, bounded.
fn one_line(text: &str) -> String {
    text.chars().take(120).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
