//! Knows how bin counts vary when both sides come from one distribution; knows no measure by name.
//!
//! Given the pooled count `t` of a bin, its current count is binomial with share `m / (n + m)` (multinomial sampling,
//! conditioned on the pooled counts as a permutation test does). Sums over bins are summed exactly where counts are
//! small and by Gauss–Hermite quadrature where they are large, so that the moments stay right when many categories
//! leave fewer than one row a bin, where the chi-squared approximation alone is off by a multiple.

use statrs::function::factorial::ln_factorial;

use super::float;
use super::tail::{folded_covariance, normal_outside};

/// Expected rows of the rarer side above which a bin's count is treated as normal.
const DENSE_ROWS: f64 = 50.0;

/// Groups above which the small covariances between bins are not worth their quadratic cost.
const MAXIMUM_PAIRED_GROUPS: usize = 512;

/// Nodes and weights of the seven-point Gauss–Hermite rule for the standard normal (Abramowitz and Stegun 25.4.46).
const NORMAL_NODES: [(f64, f64); 7] = [
    (0.0, 0.457_142_857_142_857_14),
    (1.154_405_394_739_968_1, 0.240_123_178_605_012_7),
    (-1.154_405_394_739_968_1, 0.240_123_178_605_012_7),
    (2.366_759_410_734_541, 0.030_757_123_967_586_5),
    (-2.366_759_410_734_541, 0.030_757_123_967_586_5),
    (3.750_439_717_725_742_4, 0.000_548_268_855_972_2),
    (-3.750_439_717_725_742_4, 0.000_548_268_855_972_2),
];

/// One way in which a bin's pooled rows may fall on the two sides.
struct Split {
    reference: f64,
    current: f64,
    probability: f64,
}

/// Bins that share one pooled count, with their possible splits.
struct Group {
    bins: f64,
    pooled: f64,
    dense: bool,
    splits: Vec<Split>,
}

/// Mean and variance of a sum over bins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

/// The bins of one comparison, under the hypothesis of no drift.
pub(crate) struct NullBins {
    reference_rows: f64,
    current_rows: f64,
    occupied: usize,
    groups: Vec<Group>,
}

impl NullBins {
    /// Pools aligned counts; both sides must have rows.
    pub(crate) fn new(reference: &[u64], current: &[u64]) -> Self {
        let reference_rows = float(reference.iter().sum());
        let current_rows = float(current.iter().sum());
        let mut pooled: Vec<u64> = reference.iter().zip(current).map(|(r, c)| r + c).filter(|&t| t > 0).collect();
        pooled.sort_unstable();
        let share = current_rows / (reference_rows + current_rows);
        let groups = pooled
            .chunk_by(|left, right| left == right)
            .map(|equal| Group::new(equal[0], float(equal.len() as u64), share))
            .collect();
        Self { reference_rows, current_rows, occupied: pooled.len(), groups }
    }

    /// Bins that have a row on either side.
    pub(crate) fn occupied(&self) -> usize {
        self.occupied
    }

    /// `1/n + 1/m`: the variance of a difference of shares over the share itself.
    fn unit_variance(&self) -> f64 {
        1.0 / self.reference_rows + 1.0 / self.current_rows
    }

    fn share_of(&self, group: &Group) -> f64 {
        group.pooled / (self.reference_rows + self.current_rows)
    }

    /// The expected total of each side when an empty bin counts as half a row.
    pub(crate) fn expected_filled_totals(&self) -> (f64, f64) {
        let mut totals = (self.reference_rows, self.current_rows);
        for group in &self.groups {
            for split in &group.splits {
                totals.0 += if split.reference == 0.0 { 0.5 * group.bins * split.probability } else { 0.0 };
                totals.1 += if split.current == 0.0 { 0.5 * group.bins * split.probability } else { 0.0 };
            }
        }
        totals
    }

    /// Moments of the sum over bins of `cell(reference rows, current rows)`, for a cell that is quadratic near balance.
    ///
    /// Each bin weighs `1 − share`, because the totals are fixed: dense bins then sum to `B − 1` degrees of freedom.
    pub(crate) fn moments(&self, cell: impl Fn(f64, f64) -> f64) -> Moments {
        let mut total = Moments { mean: 0.0, variance: 0.0 };
        for group in &self.groups {
            let (mean, square) = group.expect(&cell);
            let weight = group.bins * (1.0 - self.share_of(group));
            total.mean += weight * mean;
            total.variance += weight * (square - mean * mean).max(0.0);
        }
        total
    }

    /// Moments of half the sum of absolute differences in share.
    pub(crate) fn total_variation_moments(&self) -> Moments {
        let (n, m) = (self.reference_rows, self.current_rows);
        let mut total = Moments { mean: 0.0, variance: 0.0 };
        for group in &self.groups {
            let fixed_total = 1.0 - self.share_of(group);
            let deviation = (self.unit_variance() * self.share_of(group)).sqrt();
            let (mean, square) = if group.dense {
                ((2.0 / std::f64::consts::PI).sqrt() * deviation, deviation * deviation)
            } else {
                group.expect(|x, y| (x / n - y / m).abs())
            };
            total.mean += 0.5 * group.bins * fixed_total.sqrt() * mean;
            total.variance += 0.25 * group.bins * fixed_total * (square - mean * mean).max(0.0);
        }
        if self.groups.len() <= MAXIMUM_PAIRED_GROUPS {
            total.variance += 0.25 * self.covariance_of_absolutes();
        }
        total
    }

    /// Sums the covariances between different bins' absolute differences, which a fixed total makes dependent.
    fn covariance_of_absolutes(&self) -> f64 {
        let spread = |share: f64| (self.unit_variance() * share * (1.0 - share)).sqrt();
        let odds = |share: f64| if share < 1.0 { share / (1.0 - share) } else { 0.0 };
        let mut sum = 0.0;
        for (index, left) in self.groups.iter().enumerate() {
            for (other, right) in self.groups.iter().enumerate() {
                let pairs = left.bins * if index == other { right.bins - 1.0 } else { right.bins };
                let (p, q) = (self.share_of(left), self.share_of(right));
                sum += pairs * spread(p) * spread(q) * folded_covariance(-(odds(p) * odds(q)).sqrt());
            }
        }
        std::f64::consts::FRAC_2_PI * sum
    }

    /// For each group, its number of bins and the probability that one differs in share by more than `gap`.
    fn outside(&self, gap: f64) -> impl Iterator<Item = (f64, f64)> {
        // Two bins differ by the same amount, so they are one.
        let weight = if self.occupied == 2 { 0.5 } else { 1.0 };
        // A split exactly at the gap is not above it, whatever the last bit of the division says.
        let above = gap * (1.0 + 1e-12);
        self.groups.iter().map(move |group| {
            let share = self.share_of(group);
            let probability = if group.dense {
                let deviation = (self.unit_variance() * share * (1.0 - share)).sqrt();
                if deviation > 0.0 { normal_outside(gap / deviation) } else { 0.0 }
            } else {
                let (n, m) = (self.reference_rows, self.current_rows);
                let far = group.splits.iter().filter(|s| (s.reference / n - s.current / m).abs() > above);
                far.map(|split| split.probability).sum()
            };
            (weight * group.bins, probability)
        })
    }

    /// The gap that any of the bins exceeds with probability at most `1 − confidence` (Bonferroni's union bound).
    pub(crate) fn largest_gap_limit(&self, confidence: f64) -> f64 {
        if self.occupied < 2 {
            return 0.0;
        }
        let (mut low, mut high) = (0.0, 1.0);
        // Forty halvings bring the limit to 1e-12, finer than a row of any table.
        for _ in 0..40 {
            let middle = f64::midpoint(low, high);
            let expected: f64 = self.outside(middle).map(|(bins, probability)| bins * probability).sum();
            if expected > 1.0 - confidence { low = middle } else { high = middle }
        }
        high
    }

    /// The expected largest gap, as if the bins varied independently.
    pub(crate) fn largest_gap_mean(&self) -> f64 {
        const STEPS: u32 = 128;
        let step = self.largest_gap_limit(1.0 - 1e-6) / f64::from(STEPS);
        let above = |gap: f64| {
            let inside: f64 = self.outside(gap).map(|(bins, p)| bins * (-p.min(1.0)).ln_1p()).sum();
            1.0 - inside.exp()
        };
        (0..STEPS).map(|index| above((f64::from(index) + 0.5) * step) * step).sum()
    }
}

impl Group {
    fn new(pooled: u64, bins: f64, current_share: f64) -> Self {
        let rows = float(pooled);
        let rare_share = current_share.min(1.0 - current_share);
        let expected = rows * rare_share;
        let dense = expected >= DENSE_ROWS;
        let split = |rare: f64, probability: f64| {
            let (current, reference) = if current_share <= 0.5 { (rare, rows - rare) } else { (rows - rare, rare) };
            Split { reference, current, probability }
        };
        let splits = if dense {
            let deviation = (expected * (1.0 - rare_share)).sqrt();
            NORMAL_NODES.iter().map(|(node, weight)| split(expected + node * deviation, *weight)).collect()
        } else {
            // Twelve deviations and thirty rows hold all but 1e-15 of the probability at any expected count.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and below 200")]
            let highest = pooled.min((expected + 12.0 * expected.sqrt() + 30.0) as u64);
            (0..=highest).map(|rare| split(float(rare), binomial(pooled, rare, rare_share))).collect()
        };
        Self { bins, pooled: rows, dense, splits }
    }

    /// The expected cell and the expected square of it.
    fn expect(&self, cell: impl Fn(f64, f64) -> f64) -> (f64, f64) {
        self.splits.iter().fold((0.0, 0.0), |(mean, square), split| {
            let value = cell(split.reference, split.current);
            (mean + split.probability * value, square + split.probability * value * value)
        })
    }
}

/// The binomial probability of `hits` in `trials`, with a share strictly between 0 and 1.
fn binomial(trials: u64, hits: u64, share: f64) -> f64 {
    let ways = ln_factorial(trials) - ln_factorial(hits) - ln_factorial(trials - hits);
    (ways + float(hits) * share.ln() + float(trials - hits) * (-share).ln_1p()).exp()
}
