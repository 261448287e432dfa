//! Looks around every `@`: an e-mail address, or the user and password of a URL.

use super::{DetectError, Detector, Sink, work};
use regex::Regex;
use std::ops::Range;

/// How far around an `@` is looked: more than the 64 bytes that may stand before it and a name of common length behind.
const REACH_BYTES: usize = 256;

/// The top-level names that files and units of a machine have, and addresses have not.
const FILE_ENDINGS: [&str; 22] = [
    "png", "jpg", "jpeg", "gif", "webp", "svg", "ico", "css", "scss", "js", "json", "html", "yaml", "yml", "lock",
    "tgz", "service", "socket", "timer", "slice", "target", "mount",
];

#[derive(Debug)]
pub(super) struct Rules {
    address: Regex,
}

impl Rules {
    pub(super) fn new() -> Result<Self, DetectError> {
        let address = concat!(
            r"[\p{L}\p{N}_+][\p{L}\p{N}\p{M}._%+'~-]*(?:@|%40)",
            r"(?:[\p{L}\p{N}][\p{L}\p{N}\p{M}-]*\.)+(?:xn--[a-zA-Z0-9-]+|\p{L}[\p{L}\p{M}]{1,23})"
        );
        Ok(Self { address: Regex::new(address).map_err(Box::new)? })
    }

    /// Looks around the `@` or `%` at `sign`; answers where to go on.
    pub(super) fn step(&self, text: &str, sign: usize, sink: &mut Sink) -> usize {
        let bytes = text.as_bytes();
        if bytes[sign] == b'%' {
            let next = match &bytes[sign + 1..] {
                [b'4', b'0', ..] => self.address(text, sign, 3),
                // What percent stands for is no part of a number; a plus sign is looked for by the number behind it.
                [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => return sign + 3,
                _ => None,
            };
            let Some(range) = next else { return sign + 1 };
            let end = range.end;
            sink.push(Detector::Email, range);
            return end;
        }
        if let Some((range, has_password)) = user_information(text, sign) {
            if has_password {
                sink.push(Detector::UrlCredentials, range);
            }
            return sign + 1;
        }
        let Some(range) = self.address(text, sign, 1) else { return sign + 1 };
        let end = range.end;
        sink.push(Detector::Email, range);
        end
    }

    fn address(&self, text: &str, sign: usize, width: usize) -> Option<Range<usize>> {
        let bytes = text.as_bytes();
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte >= 0x80;
        let is_local = |byte: &u8| is_letter(byte) || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'\'' | b'~' | b'-');
        let is_domain = |byte: &u8| is_letter(byte) || matches!(byte, b'.' | b'-');
        if sign == 0 || !is_local(&bytes[sign - 1]) || !bytes.get(sign + width).is_some_and(is_letter) {
            return None;
        }
        let left = bytes[..sign].iter().rev().take(REACH_BYTES).take_while(|byte| is_local(byte)).count();
        let right = bytes[sign + width..].iter().take(REACH_BYTES).take_while(|byte| is_domain(byte)).count();
        let start = (sign - left..sign).find(|at| text.is_char_boundary(*at))?;
        let end = (sign + width..=sign + width + right).rev().find(|at| text.is_char_boundary(*at))?;
        // Thrice: looking left, right, and the expression.
        work::spend(2 * (end - start));
        let found =
            self.address.find_iter(&text[start..end]).find(|found| (found.range()).contains(&(sign - start)))?;
        let (local, domain) = found.as_str().split_at(sign - start - found.start());
        let domain = &domain[width..];
        let ending = domain.rsplit('.').next().unwrap_or_default();
        let is_file = FILE_ENDINGS.iter().any(|name| ending.eq_ignore_ascii_case(name));
        // `git@host:path` names a repository.
        let repository = local == "git" && matches!(bytes.get(start + found.end()), Some(b':' | b'/'));
        (!is_file && !repository).then(|| start + found.start()..start + found.end())
    }
}

/// What stands between the scheme and the `@` of a URL, and whether a password is in it.
fn user_information(text: &str, sign: usize) -> Option<(Range<usize>, bool)> {
    let bytes = text.as_bytes();
    let belongs =
        |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'<' | b'>' | b',');
    let length = bytes[..sign].iter().rev().take(REACH_BYTES).take_while(|byte| belongs(byte)).count();
    work::spend(length);
    let start = sign - length;
    if start < 3 || &bytes[start - 3..start] != b"://" {
        return None;
    }
    // A placeholder is none: `${PASSWORD}`, `<password>`, `***`.
    let password =
        bytes[start..sign].iter().position(|byte| *byte == b':').map(|colon| &bytes[start + colon + 1..sign]);
    let real = password.is_some_and(|password| match password {
        [] | [b'$' | b'{' | b'<' | b'%' | b'[', ..] => {
            password.len() > 3 && password[0] == b'%' && password[1].is_ascii_hexdigit()
        }
        _ => password.iter().any(|byte| !matches!(byte, b'*' | b'x' | b'X' | b'.')),
    });
    // All bytes but the first of a letter belong, so the range begins and ends with whole letters.
    Some((start..sign, real))
}
