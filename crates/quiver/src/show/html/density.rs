//! The shapes of two histograms over one axis; scales only.

use super::scale::{Axis, Form, pixel};
use quiver_profile::column::HistogramBar;
use serde::Serialize;
use std::fmt::Write as _;

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 120.0;
const BOTTOM: f64 = 100.0;
const LEFT: f64 = 6.0;
const RIGHT: f64 = 354.0;
const TOP: f64 = 6.0;

/// A name along the axis.
#[derive(Debug, Serialize)]
pub struct Tick {
    at: String,
    text: String,
}

/// Two outlines over one axis.
#[derive(Debug, Serialize)]
pub struct Density {
    width: String,
    height: String,
    left: String,
    right: String,
    bottom: String,
    reference: String,
    current: String,
    ticks: Vec<Tick>,
}

/// The outlines of both histograms, each of the same area; nothing when a side has none.
pub fn density(reference: &[HistogramBar], current: &[HistogramBar]) -> Option<Density> {
    let all = || reference.iter().chain(current);
    let low = all().map(|bar| bar.from).fold(f64::INFINITY, f64::min);
    let high = all().map(|bar| bar.to).fold(f64::NEG_INFINITY, f64::max);
    if reference.is_empty() || current.is_empty() || !(high - low).is_finite() || high <= low {
        return None;
    }
    // Few single values have bars of their own already; their outline would be a comb.
    if [reference, current].iter().any(|bars| bars.iter().all(|bar| bar.to <= bar.from)) {
        return None;
    }
    // A bar of one value among others has no width; a hundredth of the axis stands for it.
    let least = (high - low) / 100.0;
    let heights = |bars: &[HistogramBar]| -> Vec<(f64, f64, f64)> {
        let rows: f64 = bars.iter().map(|bar| bar.rows).sum();
        bars.iter()
            .map(|bar| {
                let width = (bar.to - bar.from).max(least);
                let from =
                    if bar.to - bar.from < least { f64::midpoint(bar.from, bar.to) - width / 2.0 } else { bar.from };
                (from, from + width, if rows > 0.0 { bar.rows / rows / width } else { 0.0 })
            })
            .collect()
    };
    let (before, after) = (heights(&halved(reference)), heights(&halved(current)));
    let highest = before.iter().chain(&after).map(|bar| bar.2).fold(0.0, f64::max);
    if !(highest > 0.0 && highest.is_finite()) {
        return None;
    }
    let x = |value: f64| LEFT + ((value - low) / (high - low)).clamp(0.0, 1.0) * (RIGHT - LEFT);
    let outline = |bars: &[(f64, f64, f64)]| {
        let mut path = format!("M{} {}", pixel(bars.first().map_or(LEFT, |bar| x(bar.0))), pixel(BOTTOM));
        let mut end = None;
        for (from, to, height) in bars {
            // Where nothing is, the outline lies on the ground.
            if end.is_some_and(|end| from - end > least / 2.0) {
                let _ = write!(path, "V{}", pixel(BOTTOM));
            }
            end = Some(*to);
            let y = BOTTOM - height / highest * (BOTTOM - TOP);
            let _ = write!(path, "H{}V{}H{}", pixel(x(*from)), pixel(y), pixel(x(*to)));
        }
        let _ = write!(path, "V{}z", pixel(BOTTOM));
        path
    };
    let axis = Axis::with_steps(low, high, Form::Plain, 7.0);
    let ticks = axis.ticks.into_iter().filter(|(value, _)| (low..=high).contains(value));
    Some(Density {
        width: pixel(WIDTH),
        height: pixel(HEIGHT),
        left: pixel(LEFT),
        right: pixel(RIGHT),
        bottom: pixel(BOTTOM),
        reference: outline(&before),
        current: outline(&after),
        ticks: ticks.map(|(value, text)| Tick { at: pixel(x(value)), text }).collect(),
    })
}

/// Twice as wide bars where there are many: bars narrower than the step between values would only show that step.
fn halved(bars: &[HistogramBar]) -> Vec<HistogramBar> {
    let is_range = bars.iter().all(|bar| bar.to > bar.from);
    let width = if is_range && bars.len() > HistogramBar::MOST / 2 { 2 } else { 1 };
    bars.chunks(width)
        .map(|bars| HistogramBar {
            from: bars[0].from,
            to: bars[bars.len() - 1].to,
            rows: bars.iter().map(|bar| bar.rows).sum(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_that_do_not_meet_share_one_axis() {
        let bar = |from: f64, to: f64| HistogramBar { from, to, rows: 5.0 };
        let density = density(&[bar(0.0, 10.0)], &[bar(90.0, 100.0)]).unwrap();
        assert_eq!(density.reference, "M6 100H6V6H40.8V100z");
        assert_eq!(density.current, "M319.2 100H319.2V6H354V100z");
    }

    #[test]
    fn the_outline_lies_on_the_ground_between_bars() {
        let bar = |from: f64, to: f64| HistogramBar { from, to, rows: 5.0 };
        let density = density(&[bar(0.0, 10.0), bar(90.0, 100.0)], &[bar(0.0, 100.0)]).unwrap();
        assert_eq!(density.reference, "M6 100H6V6H40.8V100H319.2V6H354V100z");
    }

    #[test]
    fn a_single_value_and_nothing_at_all_break_nothing() {
        let bar = HistogramBar { from: 3.0, to: 3.0, rows: 5.0 };
        assert!(density(&[bar], &[bar]).is_none());
        assert!(density(&[], &[bar]).is_none());
        let other = HistogramBar { from: 3.0, to: 4.0, rows: 5.0 };
        assert!(density(&[bar], &[other]).is_none(), "one value is no shape");
    }
}
