//! Recognises numbers that states give to persons, where format, check digits or the word before make it safe.

use super::hint::{Hint, hint_before};
use super::span::{Prefix, Separator, Span, ends_well};
use std::ops::Range;

/// A social security number, a CPF, or another national number after a word that says so.
pub(super) fn find(span: &Span<'_>) -> Option<Range<usize>> {
    if span.prefix != Prefix::Nothing || matches!(span.byte_before(), Some(b'-' | b'.' | b'_' | b'#' | b'$' | b'/')) {
        return None;
    }
    let groups = span.groups();
    let start = groups[0].start;
    let mut buffer = [0_u8; 12];
    let until = |count: usize| {
        let end = groups[count - 1].end;
        (ends_well(span.bytes, end) && !span.goes_on(count)).then_some(start..end)
    };
    if span.has_lengths(&[3, 2, 4]) {
        let range = until(3)?;
        let hint = hint_before(span.bytes, start);
        let written = match span.uniform(3)? {
            Separator::Hyphen => !matches!(hint, Hint::Identifier | Hint::Phone | Hint::Version),
            Separator::Space | Separator::Dot => hint == Hint::SocialSecurity,
            _ => false,
        };
        return (written && is_social_security(span.digits(3, &mut buffer))).then_some(range);
    }
    if span.has_lengths(&[3, 3, 3, 2]) && groups[1].before == Separator::Dot && groups[3].before == Separator::Hyphen {
        return until(4).filter(|_| is_cpf(span.digits(4, &mut buffer)));
    }
    let alone = groups.len() == 1 || groups[1].before != Separator::Dot;
    if alone && matches!(groups[0].len(), 9..=11) {
        let digits = span.digits(1, &mut buffer);
        let range = ends_well(span.bytes, groups[0].end).then_some(start..groups[0].end)?;
        let known = match hint_before(span.bytes, start) {
            Hint::SocialSecurity => digits.len() == 9 && is_social_security(digits),
            Hint::National => match digits.len() {
                9 => luhn_digits(digits) || is_dutch(digits),
                10 => is_nhs(digits),
                _ => is_cpf(digits) || is_pesel(digits),
            },
            _ => false,
        };
        return known.then_some(range);
    }
    for lengths in [&[3, 3, 3][..], &[3, 3, 4], &[4, 4, 4]] {
        if span.has_lengths(lengths)
            && matches!(span.uniform(3), Some(Separator::Space | Separator::Hyphen))
            && hint_before(span.bytes, start) == Hint::National
        {
            let digits = span.digits(3, &mut buffer);
            let known = match digits.len() {
                9 => luhn_digits(digits),
                10 => is_nhs(digits),
                // Aadhaar never begins with 0 or 1.
                _ => digits[0] >= b'2',
            };
            return until(3).filter(|_| known);
        }
    }
    None
}

fn value(digit: u8) -> u32 {
    u32::from(digit - b'0')
}

fn weighted(digits: &[u8], weights: impl Iterator<Item = u32>) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| value(*digit) * weight).sum()
}

fn luhn_digits(digits: &[u8]) -> bool {
    std::str::from_utf8(digits).is_ok_and(luhn::valid)
}

/// Areas 000, 666 and 9xx, group 00 and serial 0000 were never given out.
fn is_social_security(digits: &[u8]) -> bool {
    let (area, group, serial) = (&digits[..3], &digits[3..5], &digits[5..]);
    area != b"000" && area != b"666" && area[0] != b'9' && group != b"00" && serial != b"0000"
}

/// Brazil's two check digits.
fn is_cpf(digits: &[u8]) -> bool {
    let check = |count: usize| match weighted(&digits[..count], (2..=count as u32 + 1).rev()) * 10 % 11 {
        10 => 0,
        rest => rest,
    };
    digits.len() == 11
        && digits.iter().any(|digit| *digit != digits[0])
        && check(9) == value(digits[9])
        && check(10) == value(digits[10])
}

/// Poland's check digit.
fn is_pesel(digits: &[u8]) -> bool {
    digits.len() == 11 && weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1].into_iter()).is_multiple_of(10)
}

/// The check digit of the English health service.
fn is_nhs(digits: &[u8]) -> bool {
    digits.len() == 10 && (11 - weighted(&digits[..9], (2..=10).rev()) % 11) % 11 == value(digits[9])
}

/// The Dutch elevens test.
fn is_dutch(digits: &[u8]) -> bool {
    digits.len() == 9 && weighted(&digits[..8], (2..=9).rev()) % 11 == value(digits[8])
}
