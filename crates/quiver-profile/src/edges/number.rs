//! The frozen points of a number column, its fine cells and its coarse bins.

use crate::codec::{CodecError, Reader, Writer, from_ordered, to_ordered};
use crate::edges::{BinLabel, EdgesId, identity};

/// With at most this many distinct values in the reference, every value is a point.
const MAXIMUM_POINTS: usize = 512;
/// Order-statistic quantiles that become points when the reference has more values.
const QUANTILES: u128 = 200;
/// Coarse bins before under, over and null: heavy values and ranges together.
const COARSE_BINS: usize = 10;
/// Entries of the guide that narrows the search for a cell.
const GUIDE: usize = 4096;

/// What is known of a reference column's finite numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberReference {
    /// Values in ascending order with their weights; counts when `exact`, else a sample's weights on any scale.
    pub entries: Vec<(f64, u128)>,
    /// Values that hold at least a tenth of the rows, in ascending order.
    pub heavy: Vec<f64>,
    /// The least value.
    pub minimum: f64,
    /// The greatest value.
    pub maximum: f64,
    /// Whether `entries` holds every value with its count.
    pub exact: bool,
}

impl NumberReference {
    /// Marks as heavy what holds at least a tenth of the weight.
    pub fn of_counts(entries: Vec<(f64, u128)>, exact: bool) -> Option<Self> {
        let total: u128 = entries.iter().map(|entry| entry.1).sum();
        let (minimum, maximum) = (entries.first()?.0, entries.last()?.0);
        let heavy =
            entries.iter().filter(|entry| entry.1 * COARSE_BINS as u128 >= total).map(|entry| entry.0).collect();
        Some(Self { entries, heavy, minimum, maximum, exact })
    }
}

/// Frozen points of a number column.
///
/// The `m` points make `2m + 1` fine cells: below the first point, at it, between it and the second, … above the last.
/// The coarse bins (`psi/quantile10+heavy+range+null`) are, in this order: under, one bin for each heavy value, the
/// ranges between quantiles of the other values (right-closed, the first closed on both sides), over, null. Every
/// bound of a coarse bin is a point, so coarse counts are sums of fine cells.
#[derive(Debug, Clone)]
pub struct NumberEdges {
    points: Vec<f64>,
    /// The points and a NaN, which is neither below nor equal to anything.
    padded: Vec<f64>,
    heavy: Vec<f64>,
    range_edges: Vec<f64>,
    decile_edges: Vec<f64>,
    exact: bool,
    coarse_of_cell: Vec<u16>,
    decile_of_cell: Vec<u16>,
    guide: Guide,
    id: EdgesId,
}

impl PartialEq for NumberEdges {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// Narrows the binary search: for equal steps between the first and the last point, the first point at or above.
#[derive(Debug, Clone)]
struct Guide {
    first: f64,
    steps_per_unit: f64,
    starts: Vec<u16>,
}

impl NumberEdges {
    /// Freezes the edges of a reference; `quantile10` deciles are taken over all of its values.
    pub fn from_reference(reference: &NumberReference) -> Self {
        let light: Vec<(f64, u128)> =
            reference.entries.iter().copied().filter(|(value, _)| !reference.heavy.contains(value)).collect();
        let parts = COARSE_BINS.saturating_sub(reference.heavy.len()).max(1) as u128;
        let range_edges = quantiles(&light, parts);
        let decile_edges = quantiles(&reference.entries, 10);
        let mut points: Vec<f64> = if reference.exact && reference.entries.len() <= MAXIMUM_POINTS {
            reference.entries.iter().map(|entry| entry.0).collect()
        } else {
            let mut points = quantiles(&reference.entries, QUANTILES);
            points.extend_from_slice(&range_edges);
            points.extend_from_slice(&decile_edges);
            points.extend_from_slice(&reference.heavy);
            points
        };
        points.extend([reference.minimum, reference.maximum]);
        points.iter_mut().for_each(|point| *point += 0.0);
        points.sort_unstable_by(f64::total_cmp);
        points.dedup();
        Self::assemble(points, reference.heavy.clone(), range_edges, decile_edges, reference.exact)
    }

    /// Freezes plain bins between the given edges (right-closed, unbounded outside), without heavy values: for known
    /// cuts such as deciles of a prediction. Nothing when no edge is finite.
    pub fn from_cuts(cuts: &[f64]) -> Option<Self> {
        let mut points: Vec<f64> = cuts.iter().copied().filter(|cut| cut.is_finite()).map(|cut| cut + 0.0).collect();
        points.sort_unstable_by(f64::total_cmp);
        points.dedup();
        (!points.is_empty()).then(|| Self::assemble(points.clone(), Vec::new(), points.clone(), points, false))
    }

    fn assemble(points: Vec<f64>, heavy: Vec<f64>, range_edges: Vec<f64>, decile_edges: Vec<f64>, exact: bool) -> Self {
        let ranges = heavy.len() + 1;
        let over = (ranges + range_edges.len() + 1) as u16;
        let mut coarse_of_cell = vec![0u16];
        let mut decile_of_cell = vec![0u16];
        for &point in &points {
            let heavy_bin = heavy.iter().position(|&value| value == point).map(|bin| 1 + bin as u16);
            let range = ranges + range_edges.partition_point(|&edge| edge < point);
            coarse_of_cell.push(heavy_bin.unwrap_or(range as u16));
            decile_of_cell.push(decile_edges.partition_point(|&edge| edge < point) as u16);
            // The open cell above the point: an edge at the point is below all of it.
            coarse_of_cell.push((ranges + range_edges.partition_point(|&edge| edge <= point)) as u16);
            decile_of_cell.push(decile_edges.partition_point(|&edge| edge <= point) as u16);
        }
        *coarse_of_cell.last_mut().expect("there is at least one cell") = over;
        let guide = Guide::new(&points);
        let padded = points.iter().copied().chain([f64::NAN]).collect();
        let mut edges = Self {
            points,
            padded,
            heavy,
            range_edges,
            decile_edges,
            exact,
            coarse_of_cell,
            decile_of_cell,
            guide,
            id: EdgesId(0),
        };
        edges.id = identity(|writer| edges.write(writer));
        edges
    }

    /// The points, strictly increasing.
    pub fn points(&self) -> &[f64] {
        &self.points
    }

    /// The heavy values of the reference (at least a tenth of its rows each).
    pub fn heavy_values(&self) -> &[f64] {
        &self.heavy
    }

    /// The inner bounds of the coarse ranges.
    pub fn range_edges(&self) -> &[f64] {
        &self.range_edges
    }

    /// The inner bounds of the plain decile bins.
    pub fn decile_edges(&self) -> &[f64] {
        &self.decile_edges
    }

    /// Whether the points come from every value of the reference, not from a sample of them.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// The identity of these edges.
    pub fn id(&self) -> EdgesId {
        self.id
    }

    /// `2m + 1` for `m` points.
    pub fn cell_count(&self) -> usize {
        self.coarse_of_cell.len()
    }

    /// The fine cell of a value that is not NaN.
    #[inline]
    pub fn cell_of(&self, value: f64) -> usize {
        let (mut start, mut end) = self.guide.span(value, self.points.len());
        // Most spans hold at most one point: one step without a branch, then whatever is left.
        start += usize::from(self.padded[start] < value);
        while start < end {
            let middle = (start + end) / 2;
            if self.points[middle] < value { start = middle + 1 } else { end = middle }
        }
        2 * start + usize::from(self.padded[start] == value)
    }

    /// The coarse bin of a fine cell.
    #[inline]
    pub fn coarse_of(&self, cell: usize) -> usize {
        usize::from(self.coarse_of_cell[cell])
    }

    /// How many coarse bins there are, the null bin included.
    pub fn coarse_bin_count(&self) -> usize {
        self.heavy.len() + self.range_edges.len() + 4
    }

    /// Labels of the coarse bins: under, heavy values, ranges, over, null.
    pub fn coarse_labels(&self) -> Vec<BinLabel> {
        let (minimum, maximum) = (self.points[0], self.points[self.points.len() - 1]);
        let bounds: Vec<f64> = [minimum].into_iter().chain(self.range_edges.iter().copied()).chain([maximum]).collect();
        let mut labels = vec![BinLabel::Under(minimum)];
        labels.extend(self.heavy.iter().copied().map(BinLabel::Value));
        labels.extend(bounds.windows(2).map(|pair| BinLabel::Range { above: Some(pair[0]), up_to: Some(pair[1]) }));
        labels.extend([BinLabel::Over(maximum), BinLabel::Null]);
        labels
    }

    /// Counts of the coarse bins, in the order of the labels.
    pub fn coarse_counts(&self, cells: &[u64], null_count: u64) -> Vec<u64> {
        let mut counts = vec![0; self.coarse_bin_count()];
        for (&bin, &count) in self.coarse_of_cell.iter().zip(cells) {
            counts[usize::from(bin)] += count;
        }
        *counts.last_mut().expect("there is a null bin") = null_count;
        counts
    }

    /// Labels of the plain decile bins (`psi/quantile10`): unbounded at both ends, no null bin.
    pub fn decile_labels(&self) -> Vec<BinLabel> {
        let bounds: Vec<Option<f64>> =
            [None].into_iter().chain(self.decile_edges.iter().copied().map(Some)).chain([None]).collect();
        bounds.windows(2).map(|pair| BinLabel::Range { above: pair[0], up_to: pair[1] }).collect()
    }

    /// Counts of the plain decile bins, in the order of the labels.
    pub fn decile_counts(&self, cells: &[u64]) -> Vec<u64> {
        let mut counts = vec![0; self.decile_edges.len() + 1];
        for (&bin, &count) in self.decile_of_cell.iter().zip(cells) {
            counts[usize::from(bin)] += count;
        }
        counts
    }

    /// Rows at or below each point, from the fine cells: the distribution function that a KS distance compares.
    pub fn cumulative(&self, cells: &[u64]) -> Vec<u64> {
        let mut below = 0;
        cells
            .chunks_exact(2)
            .map(|pair| {
                below += pair[0] + pair[1];
                below
            })
            .collect()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.flag(self.exact);
        for list in [&self.points, &self.heavy, &self.range_edges, &self.decile_edges] {
            writer.unsigned(list.len() as u64);
            let mut previous = 0;
            for &value in list {
                let ordered = to_ordered(value);
                writer.unsigned(ordered.wrapping_sub(previous));
                previous = ordered;
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let invalid = || CodecError::Invalid { field: "number edges" };
        let exact = reader.flag()?;
        let mut lists: [Vec<f64>; 4] = Default::default();
        for list in &mut lists {
            let mut ordered = 0u64;
            for _ in 0..reader.length()? {
                ordered = ordered.wrapping_add(reader.unsigned()?);
                list.push(from_ordered(ordered));
            }
            if !list.is_sorted_by(|left, right| left < right) || list.iter().any(|value| !value.is_finite()) {
                return Err(invalid());
            }
        }
        let [points, heavy, range_edges, decile_edges] = lists;
        let known = |list: &[f64]| list.iter().all(|value| points.contains(value));
        if points.is_empty() || points.len() > 4096 || !known(&heavy) || !known(&range_edges) || !known(&decile_edges) {
            return Err(invalid());
        }
        Ok(Self::assemble(points, heavy, range_edges, decile_edges, exact))
    }
}

impl Guide {
    fn new(points: &[f64]) -> Self {
        let (Some(&first), Some(&last)) = (points.first(), points.last()) else {
            return Self { first: 0.0, steps_per_unit: 0.0, starts: Vec::new() };
        };
        let steps_per_unit = (GUIDE as f64 - 1.0) / (last - first);
        if points.len() < 8 || !steps_per_unit.is_finite() || steps_per_unit == 0.0 {
            return Self { first, steps_per_unit: 0.0, starts: Vec::new() };
        }
        // starts[s] is the first point whose own step is s or more; a value in step s lies between starts[s] and
        // starts[s + 1], because the step is a monotone function of the value, rounding included.
        let step = |value: f64| ((value - first) * steps_per_unit) as usize;
        let mut starts = Vec::with_capacity(GUIDE + 2);
        for wanted in 0..GUIDE + 2 {
            starts.push(points.partition_point(|&point| step(point) < wanted) as u16);
        }
        Self { first, steps_per_unit, starts }
    }

    /// Returns bounds `start ≤ (number of points below value) ≤ end`.
    #[inline(always)]
    fn span(&self, value: f64, points: usize) -> (usize, usize) {
        // Below the first point the cast saturates at step 0; far above, at the last one.
        let step = (((value - self.first) * self.steps_per_unit) as usize).min(GUIDE);
        match (self.starts.get(step), self.starts.get(step + 1)) {
            (Some(&start), Some(&end)) if step < GUIDE => (usize::from(start), usize::from(end)),
            _ => (0, points),
        }
    }
}

/// Returns the unique order-statistic quantiles at 1/parts … (parts−1)/parts: the smallest value whose cumulated
/// weight reaches the share (inverted distribution function, numpy's `inverted_cdf`).
fn quantiles(entries: &[(f64, u128)], parts: u128) -> Vec<f64> {
    let total: u128 = entries.iter().map(|entry| entry.1).sum();
    let mut found = Vec::new();
    let mut part = 1;
    let mut cumulated = 0;
    for &(value, weight) in entries {
        cumulated += weight;
        let mut reached = false;
        while part < parts && cumulated * parts >= part * total {
            part += 1;
            reached = true;
        }
        if reached {
            found.push(value + 0.0);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edges_of(values: &[f64]) -> NumberEdges {
        let mut counts = std::collections::BTreeMap::new();
        for &value in values {
            *counts.entry(to_ordered(value)).or_insert(0u128) += 1;
        }
        let entries = counts.into_iter().map(|(ordered, count)| (from_ordered(ordered), count)).collect();
        NumberEdges::from_reference(&NumberReference::of_counts(entries, true).unwrap())
    }

    fn cells_of(edges: &NumberEdges, values: &[f64]) -> Vec<u64> {
        let mut cells = vec![0; edges.cell_count()];
        values.iter().for_each(|&value| cells[edges.cell_of(value)] += 1);
        cells
    }

    #[test]
    fn a_heavy_value_has_a_bin_of_its_own() {
        let values: Vec<f64> = (0..1000).map(|index| if index % 4 == 0 { 0.0 } else { f64::from(index) }).collect();
        let edges = edges_of(&values);
        assert_eq!(edges.heavy_values(), [0.0]);
        assert_eq!(edges.range_edges().len(), 8);
        let labels = edges.coarse_labels();
        assert_eq!(labels[1], BinLabel::Value(0.0));
        assert_eq!(labels.len(), edges.coarse_bin_count());
        let counts = edges.coarse_counts(&cells_of(&edges, &values), 7);
        assert_eq!(counts[1], 250);
        assert_eq!(counts[0], 0);
        assert_eq!(counts[2..11].iter().sum::<u64>(), 750);
        assert!(counts[2..11].iter().all(|&count| (83..=84).contains(&count)), "{counts:?}");
        assert_eq!(counts[11..], [0, 7]);
    }

    #[test]
    fn what_leaves_the_reference_is_under_or_over() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        let edges = edges_of(&values);
        let counts = edges.coarse_counts(&cells_of(&edges, &[0.5, 1e6, f64::INFINITY, f64::NEG_INFINITY, 50.5]), 0);
        assert_eq!((counts[0], counts[11], counts.iter().sum::<u64>()), (2, 2, 5));
        assert_eq!(edges.decile_counts(&cells_of(&edges, &values)), [10; 10]);
    }

    #[test]
    fn a_constant_reference_has_bins() {
        let edges = edges_of(&[5.0; 10]);
        assert_eq!(edges.coarse_counts(&cells_of(&edges, &[4.0, 5.0, 5.0, 6.0]), 1), [1, 2, 0, 1, 1]);
    }

    proptest! {
        #[test]
        fn cells_match_a_linear_search(
            points in proptest::collection::vec(-1e3..1e3f64, 1..800), values in proptest::collection::vec(-2e3..2e3f64, 1..50),
        ) {
            let edges = edges_of(&points);
            for &value in values.iter().chain(edges.points()) {
                let below = edges.points().iter().filter(|&&point| point < value).count();
                let at = usize::from(edges.points().contains(&value));
                prop_assert_eq!(edges.cell_of(value), 2 * below + at);
            }
            let mut writer = Writer::new();
            edges.write(&mut writer);
            let bytes = writer.into_bytes();
            prop_assert_eq!(&NumberEdges::read(&mut Reader::new(&bytes)).unwrap(), &edges);
        }

        #[test]
        fn coarse_counts_match_a_direct_count(values in proptest::collection::vec(-20i32..20, 1..300), other in proptest::collection::vec(-25i32..25, 0..100)) {
            let floats: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
            let edges = edges_of(&floats);
            let other: Vec<f64> = other.iter().map(|&value| f64::from(value)).collect();
            let counts = edges.coarse_counts(&cells_of(&edges, &other), 0);
            for (position, (label, count)) in edges.coarse_labels().iter().zip(counts).enumerate() {
                let first = position == edges.heavy_values().len() + 1;
                let holds = |value: f64| match *label {
                    BinLabel::Under(minimum) => value < minimum,
                    BinLabel::Over(maximum) => value > maximum,
                    BinLabel::Value(heavy) => value == heavy,
                    BinLabel::Range { above: Some(above), up_to: Some(up_to) } =>
                        !edges.heavy_values().contains(&value) && value <= up_to && (value > above || first && value == above),
                    _ => false,
                };
                prop_assert_eq!(other.iter().filter(|&&value| holds(value)).count() as u64, count, "{}", label);
            }
        }
    }
}
