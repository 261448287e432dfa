//! Scales of a chart: from a range of values to round ticks and to pixels; knows no data.

use super::super::number::{percent, short};
use quiver_judge::finding::Monitor;

/// How the values of an axis are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Shares, as percentages.
    Share,
    /// Durations in seconds.
    Seconds,
    /// Durations in milliseconds.
    Milliseconds,
    /// Counts of rows.
    Count,
    /// Everything else.
    Plain,
}

impl Form {
    /// The form in which `show::story` writes the values of a monitor.
    pub fn of(monitor: Monitor) -> Self {
        match monitor {
            Monitor::Latency => Self::Milliseconds,
            Monitor::LabelDelay => Self::Seconds,
            Monitor::Drift | Monitor::ScoreDrift | Monitor::Quality => Self::Plain,
            _ => Self::Share,
        }
    }

    /// The unit that suits values up to `high`, as a factor and its name.
    fn unit(self, high: f64) -> (f64, &'static str) {
        let seconds = |high: f64| match high {
            high if high < 1.0 => (1e-3, " ms"),
            high if high < 120.0 => (1.0, " s"),
            high if high < 7_200.0 => (60.0, " min"),
            high if high < 259_200.0 => (3_600.0, " h"),
            _ => (86_400.0, " d"),
        };
        match self {
            Self::Share => (0.01, "%"),
            Self::Seconds => seconds(high),
            Self::Milliseconds => {
                let (factor, name) = seconds(high / 1e3);
                (factor * 1e3, name)
            }
            Self::Count if high >= 2e6 => (1e6, "M"),
            Self::Count if high >= 2e3 => (1e3, "k"),
            Self::Count | Self::Plain => (1.0, ""),
        }
    }
}

/// A range with round ends and round ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The lowest value.
    pub low: f64,
    /// The highest value.
    pub high: f64,
    /// The ticks with their texts.
    pub ticks: Vec<(f64, String)>,
}

/// The largest of 1, 2, 2.5 and 5 times a power of ten that gives at least `count` steps, roughly.
fn round_step(span: f64, count: f64) -> f64 {
    let raw = span / count;
    let power = 10_f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0].into_iter().find(|factor| raw / power <= factor + 1e-9).unwrap_or(10.0);
    factor * power
}

impl Axis {
    /// An axis from `low` to `high` or a little further, with three steps or a few more or less.
    pub fn new(low: f64, high: f64, form: Form) -> Self {
        Self::with_steps(low, high, form, 3.0)
    }

    /// An axis with about that many steps.
    pub fn with_steps(low: f64, high: f64, form: Form, steps: f64) -> Self {
        let (factor, unit) = form.unit(low.abs().max(high.abs()));
        let (low, mut high) = (low / factor, high / factor);
        if high - low < 1e-12 * high.abs().max(1e-12) {
            high = low + if low == 0.0 { 1.0 } else { low.abs() * 0.5 };
        }
        let step = round_step(high - low, steps);
        let first = (low / step + 1e-9).floor();
        let last = (high / step - 1e-9).ceil().max(first + 1.0);
        // Two and a half needs a digit more than its power of ten.
        let digits = (-step.log10().floor()).max(0.0) as usize;
        let scaled = step * 10_f64.powi(digits as i32);
        let digits = if (scaled - scaled.round()).abs() > 1e-6 { digits + 1 } else { digits };
        let ticks = (first as i64..=last as i64).map(|number| {
            let value = number as f64 * step;
            let text = if digits <= 6 && value.abs() < 1e6 { format!("{value:.digits$}") } else { short(value) };
            (value * factor, if value == 0.0 { "0".to_owned() } else { format!("{text}{unit}") })
        });
        Self { low: first * step * factor, high: last * step * factor, ticks: ticks.collect() }
    }

    /// Where a value lies, 0 at the low end and 1 at the high end; what lies outside is put on the edge.
    pub fn place(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// A coordinate with one decimal; SVG needs no more, and the file stays small.
pub fn pixel(value: f64) -> String {
    let text = format!("{:.1}", if value.is_finite() { value } else { 0.0 });
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// A share of a picture's width.
pub fn width_percent(share: f64) -> String {
    format!("{}%", pixel(share.clamp(0.0, 1.0) * 100.0))
}

/// A share in a table: nothing where there is nothing.
pub fn share_text(part: u64, whole: u64) -> String {
    if whole == 0 { "–".to_owned() } else { percent(part as f64 / whole as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(low: f64, high: f64, form: Form, expected: &[&str]) {
        let axis = Axis::new(low, high, form);
        let texts: Vec<&str> = axis.ticks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, expected);
        assert!(axis.low <= low && axis.high >= high, "{axis:?}");
    }

    #[test]
    fn ticks_are_round_and_hold_the_range() {
        check(0.0, 19.49, Form::Plain, &["0", "10", "20"]);
        check(0.0, 0.157, Form::Plain, &["0", "0.1", "0.2"]);
        check(0.58, 0.673, Form::Plain, &["0.55", "0.60", "0.65", "0.70"]);
        check(0.0, 0.265, Form::Share, &["0", "10%", "20%", "30%"]);
        check(0.0, 14_400.0, Form::Seconds, &["0", "2 h", "4 h"]);
        check(0.0, 29_425.0, Form::Count, &["0", "10k", "20k", "30k"]);
        check(0.0, 0.0, Form::Plain, &["0", "0.5", "1.0"]);
    }

    #[test]
    fn what_is_no_number_never_reaches_a_picture() {
        assert_eq!(pixel(f64::NAN), "0");
        assert_eq!(pixel(-0.01), "0");
        assert_eq!(pixel(12.34), "12.3");
    }
}
