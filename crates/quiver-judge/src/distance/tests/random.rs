//! Random numbers from a seed, the same on every machine; good enough for simulations only.

use std::f64::consts::TAU;

/// SplitMix64 (Steele, Lea and Flood 2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in `(0, 1)`.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Standard normal (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }

    /// Counts of `rows` draws from bins with these shares.
    pub fn counts(&mut self, shares: &[f64], rows: u64) -> Vec<u64> {
        let ends: Vec<f64> = shares
            .iter()
            .scan(0.0, |end, share| {
                *end += share;
                Some(*end)
            })
            .collect();
        let mut counts = vec![0; shares.len()];
        for _ in 0..rows {
            let draw = self.uniform();
            let bin = ends.partition_point(|end| *end < draw).min(shares.len() - 1);
            counts[bin] += 1;
        }
        counts
    }

    /// Weighted points of `rows` draws, in ascending order.
    pub fn points(&mut self, rows: usize, draw: impl Fn(&mut Self) -> f64) -> Vec<(f64, u64)> {
        let mut values: Vec<f64> = (0..rows).map(|_| draw(self)).collect();
        values.sort_by(f64::total_cmp);
        values.into_iter().map(|value| (value, 1)).collect()
    }
}

/// Shares of `bins` equal bins.
#[allow(clippy::cast_precision_loss, reason = "few bins")]
pub fn uniform_shares(bins: usize) -> Vec<f64> {
    vec![1.0 / bins as f64; bins]
}

/// Shares that fall as `rank^-1.5`.
#[allow(clippy::cast_precision_loss, reason = "few bins")]
pub fn skewed_shares(bins: usize) -> Vec<f64> {
    let weights: Vec<f64> = (1..=bins).map(|rank| (rank as f64).powf(-1.5)).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}
