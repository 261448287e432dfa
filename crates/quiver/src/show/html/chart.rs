//! The geometry of a line chart over periods; it knows numbers and pixels, and no finding.

use super::calendar::Calendar;
use super::scale::{Axis, Form, pixel};
use quiver_judge::finding::Limit;
use serde::Serialize;
use std::fmt::Write as _;

/// Width of a chart in its own units, which are pixels where it has its usual place.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 152.0;
const LEFT: f64 = 40.0;
const RIGHT: f64 = 354.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 130.0;

/// Up to so many periods, each point has a mark of its own and a tooltip.
const MOST_MARKS: usize = 60;

/// What a point says beside its value, from the least to the most important.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Nothing measured.
    Absent,
    /// A value.
    Plain,
    /// A value that too few rows support, or whose labels are still coming.
    Open,
    /// Moved.
    Drifted,
    /// Broken.
    Broken,
}

/// One period of a line.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// The value, where there is one.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<[f64; 2]>,
    /// What to show of it.
    pub mark: Mark,
}

/// What is drawn over the periods.
#[derive(Debug)]
pub struct Drawing<'a> {
    /// The lines, the live one first; each with a point for every period.
    pub lines: Vec<Vec<Point>>,
    /// The bound.
    pub limit: Option<Limit>,
    /// How values are written.
    pub form: Form,
    /// The periods.
    pub calendar: &'a Calendar,
    /// The most places along the axis; more periods share one, which then spans their values and shows their worst mark.
    pub places: usize,
    /// The periods of the reference, from and to.
    pub reference: Option<(usize, usize)>,
    /// The period in which the first arrow broke.
    pub onset: Option<usize>,
    /// What each period's tooltip says.
    pub tips: Vec<String>,
}

/// A text at a place.
#[derive(Debug, Serialize)]
pub struct Label {
    at: String,
    text: String,
}

/// A strip across a chart.
#[derive(Debug, Serialize)]
pub struct Strip {
    from: String,
    length: String,
}

/// A line and its band.
#[derive(Debug, Serialize)]
pub struct LineShape {
    path: String,
    band: String,
}

/// A place that shows a tooltip.
#[derive(Debug, Serialize)]
pub struct Tip {
    from: String,
    length: String,
    text: String,
}

/// Everything a template needs to draw a line chart.
#[derive(Debug, Serialize)]
pub struct ChartShape {
    width: String,
    height: String,
    left: String,
    right: String,
    top: String,
    bottom: String,
    plot_width: String,
    plot_height: String,
    y_ticks: Vec<Label>,
    x_ticks: Vec<Label>,
    beyond: Vec<Strip>,
    limits: Vec<String>,
    reference: Option<Strip>,
    onset: Option<String>,
    lines: Vec<LineShape>,
    plain: String,
    open: String,
    drifted: String,
    broken: String,
    absent: String,
    tips: Vec<Tip>,
    /// Whether there are so many points that their marks must be small.
    is_dense: bool,
    /// Whether a bound lies outside what is drawn.
    pub limit_is_outside: bool,
}

/// One or several periods at one place of the axis.
#[derive(Debug, Clone, Copy)]
struct Place {
    x: f64,
    values: Option<[f64; 2]>,
    last: f64,
    /// The value that the mark is about.
    marked: f64,
    interval: Option<[f64; 2]>,
    mark: Mark,
}

/// Draws the lines; nothing when no period has a value.
pub fn draw(drawing: &Drawing<'_>) -> Option<ChartShape> {
    let periods = drawing.calendar.len();
    let values = || drawing.lines.iter().flatten().filter_map(|point| point.value).filter(|value| value.is_finite());
    let low = values().fold(f64::INFINITY, f64::min);
    let high = values().fold(f64::NEG_INFINITY, f64::max);
    if low > high || periods == 0 {
        return None;
    }
    let bounds = bounds(drawing.limit);
    let (axis, limit_is_outside) = axis(drawing, low, high, &bounds);
    let y = |value: f64| BOTTOM - axis.place(value) * (BOTTOM - TOP);
    let slot = (RIGHT - LEFT) / periods as f64;
    let lines: Vec<Vec<Place>> = drawing.lines.iter().map(|points| places(points, periods, drawing.places)).collect();
    let mut shape = ChartShape {
        width: pixel(WIDTH),
        height: pixel(HEIGHT),
        left: pixel(LEFT),
        right: pixel(RIGHT),
        top: pixel(TOP),
        bottom: pixel(BOTTOM),
        plot_width: pixel(RIGHT - LEFT),
        plot_height: pixel(BOTTOM - TOP),
        y_ticks: axis.ticks.iter().map(|(value, text)| Label { at: pixel(y(*value)), text: text.clone() }).collect(),
        x_ticks: x_ticks(drawing.calendar, slot),
        beyond: beyond(drawing.limit, &axis, y),
        limits: bounds.iter().filter(|&&bound| is_inside(&axis, bound)).map(|&bound| pixel(y(bound))).collect(),
        reference: drawing.reference.map(|(from, to)| Strip {
            from: pixel(LEFT + from as f64 * slot),
            length: pixel((to - from) as f64 * slot),
        }),
        onset: drawing.onset.map(|onset| pixel(LEFT + onset as f64 * slot)),
        lines: lines
            .iter()
            .map(|places| LineShape { path: line_path(places, y), band: band_path(places, slot, y) })
            .collect(),
        plain: String::new(),
        open: String::new(),
        drifted: String::new(),
        broken: String::new(),
        absent: String::new(),
        tips: Vec::new(),
        is_dense: periods > MOST_MARKS,
        limit_is_outside,
    };
    if let Some(live) = lines.first() {
        mark_points(&mut shape, live, periods, y);
    }
    if periods <= MOST_MARKS {
        shape.tips = drawing
            .tips
            .iter()
            .enumerate()
            .map(|(index, text)| Tip {
                from: pixel(LEFT + index as f64 * slot),
                length: pixel(slot),
                text: text.clone(),
            })
            .collect();
    }
    Some(shape)
}

fn bounds(limit: Option<Limit>) -> Vec<f64> {
    match limit {
        None => Vec::new(),
        Some(Limit::AtLeast(bound) | Limit::AtMost(bound)) => vec![bound],
        Some(Limit::Within(low, high)) => vec![low, high],
    }
}

fn is_inside(axis: &Axis, value: f64) -> bool {
    (axis.low..=axis.high).contains(&value)
}

/// The axis holds every value, the bounds that are not too far away, and what of the intervals has room.
fn axis(drawing: &Drawing<'_>, low: f64, high: f64, bounds: &[f64]) -> (Axis, bool) {
    let room = (high - low).max(0.25 * high.abs().max(low.abs()));
    let (mut from, mut to) = (low, high);
    for &bound in bounds {
        if bound >= low - 2.5 * room && bound <= high + 2.5 * room {
            (from, to) = (from.min(bound), to.max(bound));
        }
    }
    let (least, most) = (from - 0.75 * room, to + 0.75 * room);
    for interval in drawing.lines.iter().flatten().filter_map(|point| point.interval) {
        if interval.iter().all(|end| end.is_finite()) {
            (from, to) = (from.min(interval[0].max(least)), to.max(interval[1].min(most)));
        }
    }
    // A chart that nearly reaches zero anyway starts there, so that heights compare.
    if low >= 0.0 && from < 0.6 * to {
        from = 0.0;
    }
    let mut axis = Axis::new(from, to, drawing.form);
    if drawing.form == Form::Share && axis.high > 1.0 && to <= 1.0 {
        axis.high = 1.0;
        axis.ticks.retain(|(value, _)| *value <= 1.0 + 1e-9);
    }
    let outside = bounds.iter().any(|&bound| !is_inside(&axis, bound));
    (axis, outside)
}

fn x_ticks(calendar: &Calendar, slot: f64) -> Vec<Label> {
    let ticks = calendar.ticks(12).into_iter();
    ticks.map(|tick| Label { at: pixel(LEFT + (tick.index as f64 + 0.5) * slot), text: tick.text }).collect()
}

fn beyond(limit: Option<Limit>, axis: &Axis, y: impl Fn(f64) -> f64) -> Vec<Strip> {
    let strip = |from: f64, to: f64| Strip { from: pixel(from), length: pixel(to - from) };
    let above = |bound: f64| (bound < axis.high).then(|| strip(TOP, y(bound)));
    let below = |bound: f64| (bound > axis.low).then(|| strip(y(bound), BOTTOM));
    let strips = match limit {
        None => [None, None],
        Some(Limit::AtLeast(low)) => [below(low), None],
        Some(Limit::AtMost(high)) => [above(high), None],
        Some(Limit::Within(low, high)) => [below(low), above(high)],
    };
    strips.into_iter().flatten().collect()
}

/// Puts every period at its place; where there are more periods than places, several share one.
fn places(points: &[Point], periods: usize, most: usize) -> Vec<Place> {
    let group = periods.div_ceil(most.max(1)).max(1);
    let slot = (RIGHT - LEFT) / periods as f64;
    points
        .chunks(group)
        .enumerate()
        .map(|(index, points)| {
            let values = || points.iter().filter_map(|point| point.value).filter(|value| value.is_finite());
            let hull = |left: Option<[f64; 2]>, right: [f64; 2]| {
                Some(left.map_or(right, |left| [left[0].min(right[0]), left[1].max(right[1])]))
            };
            let finite = |interval: &[f64; 2]| interval.iter().all(|end| end.is_finite());
            let mark = points.iter().map(|point| point.mark).max().unwrap_or(Mark::Absent);
            let mut marked = points.iter().filter(|point| point.mark == mark).filter_map(|point| point.value);
            Place {
                x: LEFT + (index * group) as f64 * slot + points.len() as f64 * slot / 2.0,
                values: values().fold(None, |all, value| hull(all, [value, value])),
                last: values().next_back().unwrap_or_default(),
                interval: points.iter().filter_map(|point| point.interval).filter(finite).fold(None, hull),
                marked: marked.rfind(|value| value.is_finite()).unwrap_or_default(),
                mark,
            }
        })
        .collect()
}

/// A line through the values, with gaps where nothing was measured.
fn line_path(places: &[Place], y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut is_down = false;
    for place in places {
        let Some([low, high]) = place.values else {
            is_down = false;
            continue;
        };
        let letter = if is_down { 'L' } else { 'M' };
        if low == high {
            let _ = write!(path, "{letter}{} {}", pixel(place.x), pixel(y(low)));
        } else {
            let (low, high, last) = (pixel(y(low)), pixel(y(high)), pixel(y(place.last)));
            let _ = write!(path, "{letter}{} {low}V{high}V{last}", pixel(place.x));
        }
        is_down = true;
    }
    path
}

/// The intervals as one shape for each run of neighbours; a lonely one is a thin bar.
fn band_path(places: &[Place], slot: f64, y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let known = |place: &&Place| place.values.is_some() && place.interval.is_some();
    for run in places.chunk_by(|left, right| known(&left) == known(&right)).filter(|run| known(&&run[0])) {
        let ends = |place: &Place| place.interval.map(|[low, high]| [y(low), y(high)]).unwrap_or_default();
        if let [only] = run {
            let half = (slot / 4.0).clamp(0.5, 4.0);
            let [low, high] = ends(only);
            let (from, to) = (pixel(only.x - half), pixel(only.x + half));
            let _ = write!(path, "M{from} {}H{to}V{}H{from}z", pixel(low), pixel(high));
            continue;
        }
        let upper = run.iter().map(|place| (place.x, ends(place)[1]));
        let lower = run.iter().rev().map(|place| (place.x, ends(place)[0]));
        for (index, (x, y)) in upper.chain(lower).enumerate() {
            let _ = write!(path, "{}{} {}", if index == 0 { 'M' } else { 'L' }, pixel(x), pixel(y));
        }
        path.push('z');
    }
    path
}

fn mark_points(shape: &mut ChartShape, places: &[Place], periods: usize, y: impl Fn(f64) -> f64) {
    let is_roomy = periods <= MOST_MARKS;
    for place in places {
        let x = pixel(place.x);
        if place.values.is_none() {
            let _ = write!(shape.absent, "M{x} {}v-5", pixel(BOTTOM));
            continue;
        }
        let at = pixel(y(place.marked));
        match place.mark {
            // A stroke of no length with round ends is a dot.
            Mark::Plain | Mark::Absent if is_roomy => {
                let _ = write!(shape.plain, "M{x} {at}h0");
            }
            Mark::Plain | Mark::Absent => {}
            Mark::Open => {
                let _ = write!(shape.open, "M{x} {at}h0");
            }
            Mark::Drifted => {
                let _ = write!(shape.drifted, "M{x} {at}h0");
            }
            Mark::Broken if is_roomy => {
                let _ = write!(shape.broken, "M{x} {at}m-3-3l6 6m0-6l-6 6");
            }
            Mark::Broken => {
                let _ = write!(shape.broken, "M{x} {at}m-1.2-1.2l2.4 2.4m0-2.4l-2.4 2.4");
            }
        }
    }
}

/// Predictions and labels of each period as bars, one in front of the other.
#[derive(Debug, Serialize)]
pub struct VolumeShape {
    width: String,
    height: String,
    left: String,
    right: String,
    bottom: String,
    y_ticks: Vec<Label>,
    x_ticks: Vec<Label>,
    all: String,
    part: String,
    tips: Vec<Tip>,
}

/// Draws counts as bars; nothing when all are zero.
pub fn draw_volume(rows: &[(u64, u64)], calendar: &Calendar, places: usize, tips: &[String]) -> Option<VolumeShape> {
    let highest = rows.iter().map(|(all, part)| *all.max(part)).max().filter(|highest| *highest > 0)?;
    let axis = Axis::new(0.0, highest as f64, Form::Count);
    let slot = (RIGHT - LEFT) / rows.len() as f64;
    let group = rows.len().div_ceil(places.max(1)).max(1);
    let y = |value: u64| BOTTOM - axis.place(value as f64) * (BOTTOM - TOP);
    let gap = if rows.len() <= MOST_MARKS { slot * 0.14 } else { 0.0 };
    let bars = |count: fn(&(u64, u64)) -> u64| {
        let mut path = String::new();
        for (index, group_rows) in rows.chunks(group).enumerate() {
            let from = LEFT + (index * group) as f64 * slot + gap;
            let to = LEFT + ((index * group) + group_rows.len()) as f64 * slot - gap;
            let value = group_rows.iter().map(count).max().unwrap_or(0);
            if value > 0 {
                let _ = write!(
                    path,
                    "M{} {}V{}H{}V{}z",
                    pixel(from),
                    pixel(BOTTOM),
                    pixel(y(value)),
                    pixel(to),
                    pixel(BOTTOM)
                );
            }
        }
        path
    };
    let tips = tips.iter().enumerate().take(if rows.len() <= MOST_MARKS { MOST_MARKS } else { 0 });
    Some(VolumeShape {
        width: pixel(WIDTH),
        height: pixel(HEIGHT),
        left: pixel(LEFT),
        right: pixel(RIGHT),
        bottom: pixel(BOTTOM),
        y_ticks: axis
            .ticks
            .iter()
            .map(|(value, text)| Label { at: pixel(BOTTOM - axis.place(*value) * (BOTTOM - TOP)), text: text.clone() })
            .collect(),
        x_ticks: x_ticks(calendar, slot),
        all: bars(|rows| rows.0),
        part: bars(|rows| rows.1),
        tips: tips
            .map(|(index, text)| Tip {
                from: pixel(LEFT + index as f64 * slot),
                length: pixel(slot),
                text: text.clone(),
            })
            .collect(),
    })
}
