//! Arbitrary-size natural numbers, only as much as an exact variance needs.

/// Multiplies two little-endian numbers of 32-bit limbs.
pub fn multiply(left: &[u32], right: &[u32]) -> Vec<u32> {
    let mut product = vec![0u32; left.len() + right.len()];
    for (offset, &factor) in left.iter().enumerate() {
        let mut carry = 0u64;
        for (position, &limb) in right.iter().enumerate() {
            let sum = u64::from(factor) * u64::from(limb) + u64::from(product[offset + position]) + carry;
            product[offset + position] = sum as u32;
            carry = sum >> 32;
        }
        product[offset + right.len()] = carry as u32;
    }
    product
}

/// Returns `left − right`, or nothing when that would be negative.
pub fn subtract(left: &[u32], right: &[u32]) -> Option<Vec<u32>> {
    let mut difference = Vec::with_capacity(left.len().max(right.len()));
    let mut borrow = 0i64;
    for position in 0..left.len().max(right.len()) {
        let minuend = i64::from(left.get(position).copied().unwrap_or(0));
        let subtrahend = i64::from(right.get(position).copied().unwrap_or(0));
        let mut limb = minuend - subtrahend - borrow;
        borrow = i64::from(limb < 0);
        if limb < 0 {
            limb += 1 << 32;
        }
        difference.push(limb as u32);
    }
    (borrow == 0).then_some(difference)
}

/// Returns `(significand, exponent)` with the number nearest to `limbs × 2^exponent_of_unit`, as
/// `significand × 2^exponent` where the significand is an integer below 2^53 (rounded half to even).
///
/// `least_exponent` is the exponent below which no bit can be kept (−1074 for `f64`), so that subnormal results
/// are rounded once and not twice.
pub fn round(limbs: &[u32], exponent_of_unit: i32, least_exponent: i32) -> (u64, i32) {
    let Some(top) = limbs.iter().rposition(|&limb| limb != 0) else {
        return (0, least_exponent);
    };
    let bits = 32 * top as i32 + 32 - limbs[top].leading_zeros() as i32;
    let dropped = (bits - 53).max(least_exponent - exponent_of_unit).max(0);
    let mut significand = extract(limbs, dropped, 64);
    if dropped > 0 {
        let half = extract(limbs, dropped - 1, 1) == 1;
        if half && (significand & 1 == 1 || any_below(limbs, dropped - 1)) {
            significand += 1;
        }
    }
    (significand, exponent_of_unit + dropped)
}

/// Returns `count ≤ 64` bits from bit `from` upwards.
fn extract(limbs: &[u32], from: i32, count: u32) -> u64 {
    let (limb, shift) = ((from / 32) as usize, (from % 32) as u32);
    let at = |index: usize| u128::from(limbs.get(index).copied().unwrap_or(0));
    let window = at(limb) | (at(limb + 1) << 32) | (at(limb + 2) << 64);
    let word = (window >> shift) as u64;
    if count == 64 { word } else { word & ((1 << count) - 1) }
}

fn any_below(limbs: &[u32], end: i32) -> bool {
    let (limb, shift) = ((end / 32) as usize, (end % 32) as u32);
    limbs.iter().take(limb).any(|&value| value != 0)
        || limbs.get(limb).is_some_and(|&value| u64::from(value) & ((1 << shift) - 1) != 0)
}

/// Returns `significand × 2^exponent`, infinity when too large; exact when the result is a representable number.
pub fn scale(significand: u64, exponent: i32) -> f64 {
    // Three steps of at most 2^±1023 keep every factor a normal number; the significand of a rounded subnormal has
    // no bits to lose.
    let mut value = significand as f64;
    let mut rest = exponent;
    while rest != 0 {
        let step = rest.clamp(-1000, 1000);
        value *= f64::from_bits(((step + 1023) as u64) << 52);
        rest -= step;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_differences_match_u128() {
        let (left, right) = (0x1234_5678_9abc_def0u64, 0xfedc_ba98_7654_3210u64);
        let limbs = |value: u128| (0..4).map(|index| (value >> (32 * index)) as u32).collect::<Vec<_>>();
        let product = multiply(&limbs(u128::from(left))[..2], &limbs(u128::from(right))[..2]);
        assert_eq!(product, limbs(u128::from(left) * u128::from(right)));
        assert_eq!(subtract(&limbs(10 << 70), &limbs(3)), Some(limbs((10 << 70) - 3)));
        assert_eq!(subtract(&limbs(3), &limbs(10 << 70)), None);
    }

    #[test]
    fn rounding_is_half_to_even() {
        let check = |value: u128| {
            let limbs: Vec<u32> = (0..4).map(|index| (value >> (32 * index)) as u32).collect();
            let (significand, exponent) = round(&limbs, 0, -1074);
            assert_eq!(scale(significand, exponent), value as f64, "{value}");
        };
        for value in [0, 1, (1 << 53) + 1, (1 << 54) + 2, (1 << 54) + 6, u128::MAX, (1 << 100) - 1, (3 << 80) + 1] {
            check(value);
        }
    }
}
