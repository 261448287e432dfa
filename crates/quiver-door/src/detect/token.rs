//! Recognises keys by their makers' prefixes, JSON Web Tokens, bearer tokens and private keys, in runs too long for words.

use super::maker::{DOTTED, MAKERS, Tail, WEB_TOKEN};
use super::{DetectError, Detector, Sink, class, work};
use aho_corasick::AhoCorasick;
use std::ops::Range;

/// A run of letters, digits, hyphens and underscores shorter than this holds no token.
pub(super) const SHORTEST: usize = 16;

/// The fewest bytes of a web token's first two parts.
const WEB_TOKEN_PART: usize = 8;
/// How far before a run a bearer token may begin.
const BEARER_REACH: usize = 64;

#[derive(Debug)]
pub(super) struct Rules {
    prefixes: AhoCorasick,
}

impl Rules {
    pub(super) fn new() -> Result<Self, DetectError> {
        let prefixes = AhoCorasick::builder()
            .match_kind(aho_corasick::MatchKind::LeftmostLongest)
            .build(MAKERS.iter().map(|(prefix, _, _)| prefix))?;
        Ok(Self { prefixes })
    }

    /// Looks at every long run once, and at every row of five hyphens.
    pub(super) fn scan(&self, text: &str, sink: &mut Sink) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some((run, classes)) = next_long_run(bytes, at) {
            // Hexadecimal digits and hyphens only: a UUID, a digest, a number; no prefix is made of these.
            let plain = classes & class::PLAIN != 0;
            let part = run.start > 0 && matches!(bytes[run.start - 1], b'.' | b'~' | b'+' | b' ' | b'-');
            at = if plain && !part { run.end } else { self.run(text, &run, sink) };
            if sink.is_done() {
                return;
            }
        }
        private_keys(text, sink);
    }

    /// Looks for prefixes within a run; answers where to go on.
    fn run(&self, text: &str, run: &Range<usize>, sink: &mut Sink) -> usize {
        let bytes = text.as_bytes();
        work::spend(run.len());
        if let Some(range) = bearer(bytes, run) {
            // A web token after `Bearer` is named as such.
            let detector = if is_web_token(bytes, range.start).is_some() { Detector::Jwt } else { Detector::Token };
            let end = range.end;
            sink.push(detector, range);
            return end.max(run.end);
        }
        if let Some(range) = dotted(bytes, run) {
            let end = range.end;
            sink.push(Detector::Token, range);
            return end;
        }
        let mut at = run.start;
        // The rest of the run that fails one of these once fails them all: what comes later is shorter.
        let (mut no_web_token, mut no_random) = (false, usize::MAX);
        while let Some(found) = self.prefixes.find(&bytes[at..run.end]) {
            let (start, after) = (at + found.start(), at + found.end());
            let pattern = found.pattern().as_usize();
            // Another prefix may begin within this one.
            at = start + 1;
            if start > 0 && bytes[start - 1].is_ascii_alphanumeric() {
                continue;
            }
            let (_, kind, least) = MAKERS[pattern];
            if (pattern == WEB_TOKEN && no_web_token) || (kind == Tail::Random && least >= no_random) {
                continue;
            }
            let match_end = match pattern {
                WEB_TOKEN => is_web_token(bytes, start),
                _ => tail(bytes, after, pattern),
            };
            match (pattern, kind) {
                _ if match_end.is_some() => {}
                (WEB_TOKEN, _) => no_web_token = true,
                (_, Tail::Random) => no_random = no_random.min(least),
                _ => {}
            }
            if let Some(end) = match_end {
                sink.push(if pattern == WEB_TOKEN { Detector::Jwt } else { Detector::Token }, start..end);
                if end >= run.end || sink.is_done() {
                    return end.max(run.end);
                }
                at = end;
            }
        }
        run.end
    }
}

fn is_run(byte: u8) -> bool {
    class::is(byte, class::RUN)
}

/// The next run of at least [`SHORTEST`] bytes, and the classes that all of them have. Reads each window from its end,
/// so that prose is mostly skipped.
fn next_long_run(bytes: &[u8], mut at: usize) -> Option<(Range<usize>, u8)> {
    while let Some(window) = bytes[at..].first_chunk::<SHORTEST>() {
        let mut classes = u8::MAX;
        let mut stop = SHORTEST;
        while stop > 0 && classes & class::RUN != 0 {
            stop -= 1;
            classes &= class::of(window[stop]);
        }
        work::spend(SHORTEST - stop);
        if classes & class::RUN == 0 {
            at += stop + 1;
            continue;
        }
        let mut end = at + SHORTEST;
        while let Some(byte) = bytes.get(end)
            && is_run(*byte)
        {
            classes &= class::of(*byte);
            end += 1;
        }
        work::spend(end - at);
        return Some((at..end, classes));
    }
    None
}

/// The end of a key whose prefix ends at `at`, if what follows is one.
fn tail(bytes: &[u8], at: usize, pattern: usize) -> Option<usize> {
    let (_, tail, least) = MAKERS[pattern];
    let belongs = |byte: &&u8| match tail {
        Tail::Capitals => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        Tail::Alphanumeric | Tail::Mixed => byte.is_ascii_alphanumeric(),
        Tail::Any | Tail::Random => is_run(**byte),
    };
    let mut length = bytes[at..].iter().take_while(belongs).count();
    work::spend(length + 1);
    let key = &bytes[at..at + length];
    let next = bytes.get(at + length);
    let known = match tail {
        Tail::Capitals => length == least && next.is_none_or(|byte| !byte.is_ascii_alphanumeric()),
        Tail::Alphanumeric | Tail::Any => length >= least,
        Tail::Mixed => {
            let holds = |is: fn(&u8) -> bool| key.iter().any(is);
            length >= least
                && holds(u8::is_ascii_lowercase)
                && holds(u8::is_ascii_uppercase)
                && holds(u8::is_ascii_digit)
        }
        Tail::Random => key.split(|byte| matches!(byte, b'-' | b'_')).any(|part| {
            part.len() >= least && part.iter().any(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        }),
    };
    while length > 0 && bytes[at + length - 1] == b'-' {
        length -= 1;
    }
    known.then_some(at + length)
}

/// The end of three parts in base64url, the first of which is a JSON object: `eyJ` is `{"`.
fn is_web_token(bytes: &[u8], start: usize) -> Option<usize> {
    if !bytes[start..].starts_with(b"eyJ") {
        return None;
    }
    let mut at = start;
    for part in 0..3 {
        let length = bytes[at..].iter().take_while(|byte| is_run(**byte)).count();
        work::spend(length + 1);
        if part < 2 && (length < WEB_TOKEN_PART || bytes.get(at + length) != Some(&b'.')) {
            return None;
        }
        at += length + usize::from(part < 2);
    }
    Some(at)
}

fn is_bearer_byte(byte: u8) -> bool {
    is_run(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=')
}

/// Whether a scheme's word and a blank stand before `start`.
fn follows_scheme(bytes: &[u8], start: usize) -> bool {
    ["bearer ", "basic "].iter().any(|scheme| {
        start.checked_sub(scheme.len()).is_some_and(|word| bytes[word..start].eq_ignore_ascii_case(scheme.as_bytes()))
    })
}

/// The token after `Bearer`, of which the run is a part; prose like "bearer authentication" has no digit.
fn bearer(bytes: &[u8], run: &Range<usize>) -> Option<Range<usize>> {
    let before = bytes[..run.start].iter().rev().take(BEARER_REACH).take_while(|byte| is_bearer_byte(**byte)).count();
    let start = run.start - before;
    if !follows_scheme(bytes, start) {
        return None;
    }
    let length = bytes[start..].iter().take_while(|byte| is_bearer_byte(**byte)).count();
    work::spend(length + before);
    let token = &bytes[start..start + length];
    let random =
        token.iter().any(u8::is_ascii_digit) || token.iter().filter(|byte| byte.is_ascii_uppercase()).count() > 2;
    random.then_some(start..start + length)
}

/// The key whose prefix ends with the dot before the run, with all dotted parts that follow.
fn dotted(bytes: &[u8], run: &Range<usize>) -> Option<Range<usize>> {
    let before = bytes[..run.start].strip_suffix(b".").map(|_| &bytes[..run.start])?;
    work::spend(DOTTED.len());
    let (prefix, least) = DOTTED.iter().find(|(prefix, _)| before.ends_with(prefix.as_bytes()))?;
    let start = run.start - prefix.len();
    let is_inside_word = start > 0 && is_run(bytes[start - 1]);
    if is_inside_word || run.len() < *least || !bytes[run.clone()].iter().any(u8::is_ascii_digit) {
        return None;
    }
    let length = bytes[run.end..].iter().take_while(|byte| is_run(**byte) || **byte == b'.').count();
    work::spend(run.len() + length);
    // The point at the end of a sentence is none of the key's.
    let dots = bytes[run.end..run.end + length].iter().rev().take_while(|byte| **byte == b'.').count();
    Some(start..run.end + length - dots)
}

/// The shortest beginning, `-----BEGIN PRIVATE KEY-----`.
const SHORTEST_KEY: usize = 27;

/// Looks at every fifth byte: a row of five hyphens cannot hide from it.
fn private_keys(text: &str, sink: &mut Sink) {
    let bytes = text.as_bytes();
    let mut probe = 4;
    while bytes.len() >= SHORTEST_KEY && probe < bytes.len() {
        work::spend(1);
        if bytes[probe] != b'-' || (bytes[probe - 1] != b'-' && bytes.get(probe + 1) != Some(&b'-')) {
            probe += 5;
            continue;
        }
        let left = bytes[..probe].iter().rev().take(4).take_while(|byte| **byte == b'-').count();
        let right = bytes[probe..].iter().take_while(|byte| **byte == b'-').count();
        work::spend(left + right);
        let end = probe + right;
        probe = match left + right >= 5 {
            true => private_key(text, end - 5, sink).unwrap_or(end) + 4,
            false => end + 4,
        };
        if sink.is_done() {
            return;
        }
    }
}

/// A private key in PEM that begins at `start`: up to its end mark, or all that follows when it is cut off.
fn private_key(text: &str, start: usize, sink: &mut Sink) -> Option<usize> {
    const BEGIN: &str = "-----BEGIN ";
    const LABEL_BYTES: usize = 40;
    if !text.as_bytes()[start..].starts_with(BEGIN.as_bytes()) {
        return None;
    }
    let label_start = start + BEGIN.len();
    let label = &text.as_bytes()[label_start..text.len().min(label_start + LABEL_BYTES)];
    let dashes = label.windows(5).position(|window| window == b"-----")?;
    let name = &label[..dashes];
    if !(name.ends_with(b"PRIVATE KEY") || name.ends_with(b"PRIVATE KEY BLOCK")) {
        return None;
    }
    let body = label_start + dashes + 5;
    let end = text[body..].find("-----END ").map_or(text.len(), |found| {
        let mark = body + found + "-----END ".len();
        text[mark..].find("-----").map_or(text.len(), |closing| mark + closing + 5)
    });
    work::spend(end - body);
    sink.push(Detector::PrivateKey, start..end);
    Some(end)
}
