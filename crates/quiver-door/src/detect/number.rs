//! Walks over the numbers of a text and asks, cheapest first, what each may be: card, address, national number or phone.

use super::span::{Prefix, Separator, Span};
use super::{Detector, Sink, account, address, assignment, class, national, phone, work};
use std::ops::Range;

/// Looks at the number or word whose first digit stands at `at`; answers where to go on.
pub(super) fn step(text: &str, at: usize, sink: &mut Sink) -> usize {
    let bytes = text.as_bytes();
    // The letter of an escape such as `%2B` is none.
    let escaped =
        at >= 3 && bytes[at - 3] == b'%' && bytes[at - 2].is_ascii_hexdigit() && bytes[at - 1].is_ascii_hexdigit();
    let glued = at > 0 && bytes[at - 1].is_ascii_alphabetic() && !escaped;
    if let Some(end) = uuid(bytes, at) {
        return end;
    }
    let digits = class::count(&bytes[at..], class::DIGIT);
    let after = bytes.get(at + digits).copied().unwrap_or(b' ');
    work::spend(digits + 1);
    let word_end = || {
        let more = class::count(&bytes[at + digits..], class::WORD);
        work::spend(more);
        at + digits + more
    };
    let found = match (glued, class::is(after, class::WORD)) {
        (true, _) => {
            account::find(text, at).or_else(|| assignment::spoken(bytes, at).map(|range| (Detector::Token, range)))
        }
        (false, true) => return word_end(),
        (false, false) => match passable(bytes, at, digits) {
            Some(end) => return end,
            None => find(text, at),
        },
    };
    match found {
        Some((detector, range)) => {
            let end = range.end.max(at + digits);
            sink.push(detector, range);
            end
        }
        None => word_end(),
    }
}

/// The end of the UUID whose first digit stands at `at`: no number in it is anything else, and many texts are just that.
fn uuid(bytes: &[u8], at: usize) -> Option<usize> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    let letters = bytes[..at].iter().rev().take(8).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let start = at - letters;
    let whole = bytes[start..].first_chunk::<36>()?;
    if !HYPHENS.iter().all(|index| whole[*index] == b'-') {
        return None;
    }
    work::spend(whole.len());
    let hyphens = whole.iter().map(|byte| u8::from(*byte == b'-')).sum::<u8>();
    let hexadecimal = whole.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    let ends = bytes.get(start + 36).is_none_or(|byte| !class::is(*byte, class::RUN));
    (hyphens == 4 && hexadecimal && ends).then_some(start + 36)
}

/// Where to go on behind a number that is none of those below for certain: a date, a fraction, a short number.
fn passable(bytes: &[u8], at: usize, digits: usize) -> Option<usize> {
    let rest = &bytes[at + digits..];
    let end = at + digits;
    match rest {
        [b'-', _, _, b'-', day, _, ..] if digits == 4 && is_century(&bytes[at..]) => {
            let dated = class::is(*day, class::DIGIT) && class::is(rest[5], class::DIGIT);
            dated.then_some(end + 6)
        }
        [b'.', next, ..] if class::is(*next, class::DIGIT) => {
            let fraction = class::count(&rest[1..], class::DIGIT);
            work::spend(fraction);
            // More groups may follow: an address, a phone.
            let goes_on = matches!(rest.get(fraction + 1), Some(b'.' | b' ' | b'-' | b'/' | b'(' | b')' | 0x80..));
            (!goes_on).then_some(end + 1 + fraction)
        }
        // The last group of a number; a sign or parenthesis may have begun it, and words may say what it is.
        [] | [b',' | b'"' | b'}' | b']' | b'&' | b'?' | b':' | b'=' | b'\n' | b';', ..] if digits < 7 => Some(end),
        [b' ' | b'-' | b'.' | b'/', next, ..]
            if digits < 7 && !class::is(*next, class::DIGIT) && !matches!(next, b'(' | b'-' | b'/') =>
        {
            Some(end)
        }
        _ => None,
    }
}

fn is_century(digits: &[u8]) -> bool {
    matches!(digits, [b'1', b'9', ..] | [b'2', b'0', ..])
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
