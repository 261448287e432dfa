//! Looks behind every `=` and `:` for the name of a secret, and before it for a value that is one.

use super::{Detector, Sink, work};
use std::ops::Range;

/// How much a name says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strength {
    /// `password`, `api_key`: almost any value is one.
    Strong,
    /// `pass`, `pwd`: also a path and a verdict bear this name.
    Short,
    /// `token`: the value must look like a secret, for words are tokens as well.
    Weak,
    /// `Authorization`: a scheme stands before the value.
    Header,
}

/// Names as they end, without hyphens, underscores and blanks.
const NAMES: [(&str, Strength); 24] = [
    ("password", Strength::Strong),
    ("passwd", Strength::Strong),
    ("passphrase", Strength::Strong),
    ("passwort", Strength::Strong),
    ("motdepasse", Strength::Strong),
    ("secret", Strength::Strong),
    ("apikey", Strength::Strong),
    ("apisecret", Strength::Strong),
    ("accesskey", Strength::Strong),
    ("accesskeyid", Strength::Strong),
    ("secretkey", Strength::Strong),
    ("privatekey", Strength::Strong),
    ("encryptionkey", Strength::Strong),
    ("signingkey", Strength::Strong),
    ("accountkey", Strength::Strong),
    ("subscriptionkey", Strength::Strong),
    ("authkey", Strength::Strong),
    ("sharedkey", Strength::Strong),
    ("masterkey", Strength::Strong),
    ("pwd", Strength::Short),
    ("pass", Strength::Short),
    ("token", Strength::Weak),
    ("credentials", Strength::Weak),
    ("authorization", Strength::Header),
];

/// Tokens that point into a list of results.
const PAGE_TOKENS: [&str; 4] = ["pagetoken", "nexttoken", "continuationtoken", "cursortoken"];

/// Values that are none.
const PLACEHOLDERS: [&str; 49] = [
    "true",
    "false",
    "null",
    "none",
    "nil",
    "undefined",
    "required",
    "missing",
    "invalid",
    "incorrect",
    "wrong",
    "expired",
    "changed",
    "reset",
    "hidden",
    "redacted",
    "masked",
    "string",
    "text",
    "empty",
    "optional",
    "failed",
    "success",
    "unknown",
    "must",
    "field",
    "password",
    "secret",
    "token",
    "value",
    "enabled",
    "disabled",
    "unset",
    "omitted",
    "removed",
    "filtered",
    "protected",
    "encrypted",
    "rejected",
    "accepted",
    "denied",
    "updated",
    "mismatch",
    "ok",
    "yes",
    "not",
    "default",
    "str",
    "your",
];

const LONGEST_NAME: usize = 16;
/// The bytes of a value that decide; the rest of a longer one belongs to it.
const JUDGED_BYTES: usize = 256;

/// Looks around the `=` or `:` at `sign`; answers where to go on.
pub(super) fn step(text: &str, sign: usize, sink: &mut Sink) -> usize {
    let found = name(text.as_bytes(), sign).and_then(|(start, strength)| value(text, sign, start, strength));
    let Some(range) = found else { return sign + 1 };
    let end = range.end;
    sink.push(Detector::Token, range);
    end
}

/// The password in "password is hunter2" and `--password hunter2`, whose first digit stands at `digit`.
pub(super) fn spoken(bytes: &[u8], digit: usize) -> Option<Range<usize>> {
    const REACH_BYTES: usize = 32;
    let before = bytes[..digit].iter().rev().take(REACH_BYTES).position(|byte| *byte == b' ')?;
    let start = digit - before;
    work::spend(before + 1);
    let words = &bytes[start.saturating_sub(REACH_BYTES)..start - 1];
    let ends = |words: &[u8], end: &str| {
        words.len().checked_sub(end.len()).is_some_and(|at| words[at..].eq_ignore_ascii_case(end.as_bytes()))
    };
    let named = [
        "password is",
        "passwd is",
        "passphrase is",
        "passwort ist",
        "--password",
        "--passwd",
        "--token",
        "--api-key",
        "--secret",
    ];
    if !named.iter().any(|name| ends(words, name)) {
        return None;
    }
    let length = bytes[start..].iter().take(JUDGED_BYTES).take_while(|byte| !byte.is_ascii_whitespace()).count();
    work::spend(length);
    // What was cut within a letter ends with the one before.
    let end = (start..=start + length).rev().find(|at| bytes.get(*at).is_none_or(|byte| *byte & 0xc0 != 0x80))?;
    let value = bytes[start..end].trim_ascii_end();
    (value.len() >= 5 && !matches!(value[0], b'$' | b'<' | b'{' | b'[' | b'*')).then_some(start..end)
}

/// The name of a secret that ends at the sign, and where it begins.
fn name(bytes: &[u8], sign: usize) -> Option<(usize, Strength)> {
    let mut end = sign;
    let mut quotes = 0;
    while quotes < 3 && end > 0 && matches!(bytes[end - 1], b'"' | b'\'' | b' ' | b'\\' | b']') {
        end -= 1;
        quotes += 1;
    }
    // The last two letters of the names above.
    if end < 3
        || !matches!(
            &[bytes[end - 2] | 0x20, bytes[end - 1] | 0x20],
            b"rd" | b"wd" | b"se" | b"rt" | b"et" | b"ey" | b"id" | b"ss" | b"en" | b"ls" | b"on"
        )
    {
        return None;
    }
    let mut reversed = [0_u8; LONGEST_NAME];
    let (mut count, mut start) = (0, end);
    let mut starts = [0_usize; LONGEST_NAME];
    while start > 0 && count < LONGEST_NAME {
        let byte = bytes[start - 1];
        if byte.is_ascii_alphabetic() {
            reversed[count] = byte.to_ascii_lowercase();
            starts[count] = start - 1;
            count += 1;
        } else if !matches!(byte, b'_' | b'-' | b' ') {
            break;
        }
        start -= 1;
    }
    work::spend(sign - start);
    let reversed = &reversed[..count];
    let ends_with =
        |name: &str| name.len() <= count && name.bytes().rev().zip(reversed).all(|(one, other)| one == *other);
    if PAGE_TOKENS.iter().any(|name| ends_with(name)) {
        return None;
    }
    let (name, strength) = NAMES.iter().rev().find(|(name, _)| ends_with(name))?;
    let start = starts[name.len() - 1];
    if is_stand_in(bytes, start) {
        return None;
    }
    // `bypass`, `compass` and `broken` end like names; `dbPassword` and `userpassword` are some.
    let inside = start > 0 && bytes[start - 1].is_ascii_alphabetic() && !bytes[start].is_ascii_uppercase();
    let short = matches!(strength, Strength::Short | Strength::Weak) || *name == "secret";
    (!(inside && short)).then_some((start, *strength))
}

/// Whether the name is that of a stand-in: `[token]` names no secret, unless it is a key as in `user[token]=`.
fn is_stand_in(bytes: &[u8], start: usize) -> bool {
    let stand_in = Detector::Token.stand_in().as_bytes();
    start.checked_sub(1).is_some_and(|start| {
        bytes[start..].starts_with(stand_in)
            && bytes[..start].last().is_none_or(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b']'))
    })
}

fn value(text: &str, sign: usize, name_start: usize, strength: Strength) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut start = sign + 1;
    if bytes[sign] == b':' && bytes[start..].starts_with(b"//") {
        return None;
    }
    while start < bytes.len() && start < sign + 5 && matches!(bytes[start], b' ' | b'=' | b'>' | b'\t' | b'\\') {
        start += 1;
    }
    let quote = bytes.get(start).copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    start += usize::from(quote.is_some());
    let mut ends = |byte: &u8| match quote {
        Some(quote) => *byte == quote || *byte == b'\n' || *byte == b'\\',
        None => {
            byte.is_ascii_whitespace()
                || matches!(byte, b'"' | b'\'' | b',' | b';' | b'&' | b')' | b'}' | b']' | b'<' | b'|' | b'\\')
        }
    };
    let mut value_start = start;
    if strength == Strength::Header {
        value_start += scheme(&bytes[start..])?;
    }
    let judged = &bytes[value_start..bytes.len().min(value_start + JUDGED_BYTES)];
    let length = judged.iter().position(&mut ends).unwrap_or(judged.len());
    work::spend(length + 8);
    let value = &judged[..length];
    let assigned = bytes[sign] == b'=' || quote.is_some();
    // A phrase has blanks, and its name says so.
    let phrase =
        quote.is_some() && length >= 12 && bytes[name_start..sign].to_ascii_lowercase().starts_with(b"passphrase");
    if !phrase && !is_secret(bytes, value, strength, assigned, name_start) {
        return None;
    }
    let rest = &bytes[value_start + length..];
    let more = if length == JUDGED_BYTES { rest.iter().position(&mut ends).unwrap_or(rest.len()) } else { 0 };
    work::spend(more);
    Some(value_start..value_start + length + more)
}

/// The bytes of `Bearer ` and the like.
fn scheme(rest: &[u8]) -> Option<usize> {
    ["bearer ", "basic ", "token ", "apikey "]
        .iter()
        .find_map(|scheme| rest.get(..scheme.len())?.eq_ignore_ascii_case(scheme.as_bytes()).then_some(scheme.len()))
}

fn is_secret(bytes: &[u8], value: &[u8], strength: Strength, assigned: bool, name_start: usize) -> bool {
    let Some(first) = value.first() else { return false };
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let blank = value.iter().any(u8::is_ascii_whitespace);
    let placeholder = matches!(first, b'$' | b'{' | b'<' | b'[' | b'(' | b'*' | b'?')
        || value.iter().all(|byte| byte == first)
        || value.starts_with(b"%s")
        || value.iter().all(|byte| !byte.is_ascii_alphanumeric() && *byte < 0x80)
        || PLACEHOLDERS.iter().any(|name| value.eq_ignore_ascii_case(name.as_bytes()))
        || [&b"os."[..], b"env.", b"process.", b"config.", b"settings.", b"self.", b"your", b"YOUR", b"get"]
            .iter()
            .any(|start| {
                value.starts_with(start) && value.iter().any(|byte| matches!(byte, b'.' | b'(' | b'_' | b'-'))
            });
    if placeholder {
        return false;
    }
    let length = value.len();
    let plain_word = value.iter().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'.' | b'_'));
    match strength {
        Strength::Header => length >= 8 && !blank,
        Strength::Weak => {
            let mixed = value.iter().any(u8::is_ascii_uppercase) && value.iter().any(u8::is_ascii_lowercase);
            let count = digits == length
                || value.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T' | b'Z'));
            !blank && !count && ((length >= 8 && digits > 0) || (length >= 20 && mixed))
        }
        _ if blank || length < 4 => strength == Strength::Strong && blank && digits > 0 && assigned && length >= 8,
        Strength::Short => {
            // A path, a verdict, a share of tests.
            !matches!(first, b'/' | b'~')
                && value.get(1) != Some(&b':')
                && digits < length
                && (digits > 0 || (assigned && length >= 6 && !plain_word))
        }
        // After a colon prose may follow: "Wrong password: retry". A name at the beginning of its line is a setting.
        Strength::Strong => assigned || !plain_word || (length >= 6 && begins_setting(bytes, name_start)),
    }
}

/// Whether a name stands at the beginning of a text, line or member.
fn begins_setting(bytes: &[u8], start: usize) -> bool {
    let before = &bytes[start.saturating_sub(24)..start];
    let name =
        before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    let before = &before[..before.len() - name];
    let blanks = before.iter().rev().take_while(|byte| **byte == b' ').count();
    before[..before.len() - blanks]
        .last()
        .is_none_or(|byte| matches!(byte, b'\n' | b',' | b';' | b'{' | b'"' | b'|' | b'/'))
}
