//! Walks over the numbers of a text and asks, cheapest first, what each may be: card, address, national number or phone.

use super::span::{Prefix, Separator, Span};
use super::{Detector, Sink, account, address, national, phone, work};
use std::ops::Range;

/// Looks at every run of digits once, and at words that hold digits.
pub(super) fn scan(text: &str, sink: &mut Sink) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(u8::is_ascii_digit) {
        work::spend(offset + 1);
        at += offset;
        let glued = at > 0 && bytes[at - 1].is_ascii_alphabetic();
        // A plus sign written as `%2B` is no part of the number.
        if at > 0 && bytes[at - 1] == b'%' && bytes.get(at + 1).is_some_and(u8::is_ascii_hexdigit) {
            at += 2;
            if !bytes.get(at).is_some_and(u8::is_ascii_digit) {
                continue;
            }
        }
        let found = if glued { account::find(text, at) } else { find(text, at) };
        if let Some((detector, range)) = found {
            at = range.end.max(at + 1);
            sink.push(detector, range);
            if sink.is_done() {
                return;
            }
        } else {
            let rest = &bytes[at..];
            let run = if glued { rest.iter().position(|byte| !byte.is_ascii_alphanumeric()) } else { None };
            let run = run.or_else(|| {
                let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
                match rest[digits].is_ascii_alphabetic() {
                    true => rest.iter().position(|byte| !byte.is_ascii_alphanumeric()),
                    false => Some(digits),
                }
            });
            let Some(run) = run else {
                work::spend(rest.len());
                return;
            };
            work::spend(run);
            at += run.max(1);
        }
    }
}

fn find(text: &str, at: usize) -> Option<(Detector, Range<usize>)> {
    let span = Span::read(text.as_bytes(), at);
    let groups = span.groups();
    let digits: usize = groups.iter().map(super::span::Group::len).sum();
    // Four octets have four digits; nothing else has fewer than seven.
    if digits < 7 && !(groups.len() >= 4 && groups[1].before == Separator::Dot) {
        return None;
    }
    if digits >= 13
        && let Some(range) = card(&span)
    {
        return Some((Detector::Card, range));
    }
    if groups.len() >= 4
        && groups[1].before == Separator::Dot
        && let Some(range) = address::version_four(text, &span)
    {
        return Some((Detector::IpAddress, range));
    }
    if digits >= 9
        && let Some(range) = national::find(&span)
    {
        return Some((Detector::NationalId, range));
    }
    if digits >= 7
        && let Some(range) = phone::find(&span)
    {
        return Some((Detector::Phone, range));
    }
    None
}

/// How cards are written in groups: fours, American Express, Diners, and UnionPay's and Visa's nineteen.
const CARD_GROUPS: [&[usize]; 6] = [&[4, 4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[6, 13], &[4, 4, 4, 1]];

fn card(span: &Span<'_>) -> Option<Range<usize>> {
    let bytes = span.bytes;
    let first = span.groups()[0];
    if matches!(span.byte_before(), Some(b'.' | b'+')) || span.prefix == Prefix::Plus {
        return None;
    }
    let mut buffer = [0_u8; 19];
    if (13..=19).contains(&first.len()) {
        let digits = span.digits(1, &mut buffer);
        let fraction = bytes.get(first.end) == Some(&b'.') && bytes.get(first.end + 1).is_some_and(u8::is_ascii_digit);
        let glued = bytes.get(first.end).is_some_and(u8::is_ascii_alphanumeric);
        return (!fraction && !glued && is_card(digits)).then(|| span.groups()[0].start..first.end);
    }
    for lengths in CARD_GROUPS {
        let groups = lengths.len();
        if !span.has_lengths(lengths)
            || !matches!(span.uniform(groups), Some(Separator::Space | Separator::Hyphen | Separator::Dot))
        {
            continue;
        }
        // Four more digits behind or before: a list of numbers, not a card.
        let followed = span.goes_on(groups) && span.groups()[groups].len() == 4;
        let end = span.groups()[groups - 1].end;
        let glued = bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
        if !followed && !glued && !follows_digits(span) && is_card(span.digits(groups, &mut buffer)) {
            return Some(span.groups()[0].start..end);
        }
    }
    None
}

/// Whether a group of four digits stands before the span, by a separator.
fn follows_digits(span: &Span<'_>) -> bool {
    let start = span.groups()[0].start;
    start >= 5
        && matches!(span.bytes[start - 1], b' ' | b'-' | b'.')
        && span.bytes[start - 5..start - 1].iter().all(u8::is_ascii_digit)
        && span.bytes.get(start.wrapping_sub(6)).is_none_or(|byte| matches!(byte, b' ' | b'-' | b'.'))
}

/// The prefix and length of a brand, and the check digit.
fn is_card(digits: &[u8]) -> bool {
    let number =
        |count: usize| digits[..count].iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'));
    let (four, six, length) = (number(4), number(6), digits.len());
    let brand = match four {
        4000..=4999 => matches!(length, 13 | 16 | 19),
        5100..=5599 | 2221..=2720 | 2200..=2204 => length == 16,
        3400..=3499 | 3700..=3799 => length == 15,
        3000..=3059 | 3600..=3699 | 3800..=3999 | 3095 => matches!(length, 14 | 16),
        6011 | 6440..=6599 | 6200..=6299 | 3528..=3589 | 8100..=8171 => (16..=19).contains(&length),
        5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763 => matches!(length, 13 | 15 | 16 | 18 | 19),
        _ => (560_000..=589_999).contains(&six) && matches!(length, 16 | 18 | 19),
    };
    let Ok(text) = std::str::from_utf8(digits) else { return false };
    let repeats = digits.iter().all(|digit| *digit == digits[0]);
    brand && !repeats && luhn::valid(text) && !(length <= 14 && is_trade_item(digits))
}

/// The check digit of EAN-13 and GTIN-14: what passes both is on a shelf more often than in a purse.
fn is_trade_item(digits: &[u8]) -> bool {
    let weighted = |(index, digit): (usize, &u8)| u32::from(digit - b'0') * if index % 2 == 0 { 1 } else { 3 };
    digits.iter().rev().enumerate().map(weighted).sum::<u32>().is_multiple_of(10)
}
