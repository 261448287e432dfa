//! A fixed sequence of pseudo-random numbers, so that every run sends the same values.

/// The sequence (splitmix64).
pub struct Sequence(pub u64);

/// A one-to-one mixing of 64 bits: different numbers stay different.
pub fn mixed(number: u64) -> u64 {
    let mut mixed = number;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Sequence {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A whole number below the limit.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A number from 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of a list; the first ones come more often.
    pub fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let share = self.unit();
        list[((share * share) * list.len() as f64) as usize]
    }
}
