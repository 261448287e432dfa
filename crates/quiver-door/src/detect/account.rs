//! Recognises account and personal numbers that begin with letters: IBANs, and British, Spanish and Italian numbers.

use super::hint::{Hint, hint_before};
use super::{Detector, work};
use iban::Iban;
use std::ops::Range;

/// The longest IBAN has 34 characters.
const LONGEST_IBAN: usize = 34;
/// The shortest, Norway's, has 15.
const SHORTEST_IBAN: usize = 15;

/// What the word whose first digit stands at `digit` begins.
pub(super) fn find(text: &str, digit: usize) -> Option<(Detector, Range<usize>)> {
    let bytes = text.as_bytes();
    let letters = bytes[..digit].iter().rev().take(7).take_while(|byte| byte.is_ascii_alphabetic()).count();
    work::spend(letters + 1);
    let start = digit - letters;
    if start > 0 && (bytes[start - 1].is_ascii_digit() || bytes[start - 1] == b'_' || bytes[start - 1] >= 0x80) {
        return None;
    }
    match letters {
        1 => spanish(bytes, start).map(|range| (Detector::NationalId, range)),
        2 if bytes.get(digit + 1).is_some_and(u8::is_ascii_digit) => iban(bytes, start)
            .map(|range| (Detector::Iban, range))
            .or_else(|| british(bytes, start).map(|range| (Detector::NationalId, range))),
        6 => italian(bytes, start).map(|range| (Detector::NationalId, range)),
        _ => None,
    }
}

/// Reads groups of letters and digits with one blank or hyphen between them; the longest that is an IBAN counts.
fn iban(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let mut compact = [0_u8; LONGEST_IBAN];
    let mut ends = [(0, 0); LONGEST_IBAN];
    let (mut count, mut groups, mut at) = (0, 0, start);
    while at < bytes.len() {
        if bytes[at].is_ascii_alphanumeric() {
            if count == LONGEST_IBAN {
                break;
            }
            compact[count] = bytes[at].to_ascii_uppercase();
            count += 1;
            at += 1;
            if bytes.get(at).is_none_or(|byte| !byte.is_ascii_alphanumeric()) && count >= SHORTEST_IBAN {
                ends[groups] = (count, at);
                groups += 1;
            }
        } else {
            at += match &bytes[at..] {
                [b' ' | b'-', next, ..] if next.is_ascii_alphanumeric() => 1,
                [0xc2, 0xa0, next, ..] if next.is_ascii_alphanumeric() => 2,
                _ => break,
            };
        }
    }
    work::spend(at - start);
    ends[..groups].iter().rev().find_map(|(count, end)| {
        let compact = std::str::from_utf8(&compact[..*count]).ok()?;
        compact.parse::<Iban>().ok().map(|_| start..*end)
    })
}

fn ends_word(bytes: &[u8], end: usize) -> bool {
    bytes.get(end).is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
}

/// A national insurance number, `AB123456C`; product codes look alike, so a word before it must say so.
fn british(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let mut compact = [0_u8; 9];
    let (mut count, mut at) = (0, start);
    while count < 9 {
        match bytes.get(at)? {
            b' ' if matches!(count, 2 | 4 | 6 | 8) => {}
            byte if byte.is_ascii_alphanumeric() => {
                compact[count] = byte.to_ascii_uppercase();
                count += 1;
            }
            _ => return None,
        }
        at += 1;
    }
    let shaped = compact[2..8].iter().all(u8::is_ascii_digit) && matches!(compact[8], b'A'..=b'D');
    let unused = matches!(compact[0], b'D' | b'F' | b'I' | b'Q' | b'U' | b'V')
        || matches!(compact[1], b'D' | b'F' | b'I' | b'O' | b'Q' | b'U' | b'V');
    // Examples are written with the prefix QQ, which nobody has.
    let known = shaped && (!unused || &compact[..2] == b"QQ") && ends_word(bytes, at);
    (known && hint_before(bytes, start) == Hint::National).then_some(start..at)
}

const SPANISH_LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// Spain's number of foreigners, `X1234567L`; its letter is checked, and a word before it must say so.
fn spanish(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let word = bytes.get(start..start + 9)?;
    let first = match word[0].to_ascii_uppercase() {
        letter @ b'X'..=b'Z' => usize::from(letter - b'X'),
        _ => return None,
    };
    if !word[1..8].iter().all(u8::is_ascii_digit) || !ends_word(bytes, start + 9) {
        return None;
    }
    let number = word[1..8].iter().fold(first, |number, digit| number * 10 + usize::from(digit - b'0'));
    let checked = SPANISH_LETTERS[number % 23] == word[8].to_ascii_uppercase();
    (checked && hint_before(bytes, start) == Hint::National).then_some(start..start + 9)
}

/// What a digit or letter at an odd place of the Italian tax code counts, by its rank in the alphabet.
const ITALIAN_ODD: [u32; 26] =
    [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/// Italy's tax code, `RSSMRA85T10A562S`: its last letter is checked.
fn italian(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let word = bytes.get(start..start + 16)?;
    let digits = [6, 7, 9, 10, 12, 13, 14];
    let shaped = word.iter().enumerate().all(|(at, byte)| match digits.contains(&at) {
        true => byte.is_ascii_digit(),
        false => byte.is_ascii_alphabetic(),
    });
    if !shaped || !ends_word(bytes, start + 16) {
        return None;
    }
    let rank = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        letter => u32::from(letter.to_ascii_uppercase() - b'A'),
    };
    let sum: u32 = word[..15]
        .iter()
        .enumerate()
        .map(|(at, byte)| if at % 2 == 0 { ITALIAN_ODD[rank(*byte) as usize] } else { rank(*byte) })
        .sum();
    (sum % 26 == rank(word[15])).then_some(start..start + 16)
}
