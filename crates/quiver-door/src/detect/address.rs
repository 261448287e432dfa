//! Recognises addresses of machines and tells them from versions, times and paths of code.

use super::hint::{Hint, hint_before};
use super::span::{Separator, Span};
use super::{Detector, Sink, class, work};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// The IPv4 address that the span begins with.
pub(super) fn version_four(text: &str, span: &Span<'_>) -> Option<Range<usize>> {
    let bytes = span.bytes;
    let groups = span.groups();
    let (start, end) = (groups[0].start, groups[3].end);
    if !groups[1..4].iter().all(|group| group.before == Separator::Dot) {
        return None;
    }
    let address: Ipv4Addr = text[start..end].parse().ok()?;
    match &bytes[end..] {
        // A fifth part, a name, or the suffix of a version.
        [b'.' | b'-', next, ..] if next.is_ascii_alphabetic() => return None,
        [b'.', next, ..] if next.is_ascii_digit() => return None,
        [next, ..] if next.is_ascii_alphanumeric() || *next == b'_' => return None,
        _ => {}
    }
    let before = |back: usize| start.checked_sub(back).map(|at| bytes[at]);
    let port = bytes.get(end) == Some(&b':') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    match before(1) {
        Some(b'.' | b'_' | b'^' | b'~') => return None,
        Some(b'-') if before(2).is_some_and(|byte| byte.is_ascii_alphabetic()) => return None,
        // `Chrome/120.0.0.0`, but not `//120.0.0.0`.
        Some(b'/') if before(2).is_some_and(|byte| byte.is_ascii_alphanumeric()) && !port => return None,
        Some(b'=') if matches!(before(2), Some(b'=' | b'>' | b'<' | b'~' | b'!')) => return None,
        _ => {}
    }
    let bits = prefix_length(&bytes[end..]).filter(|bits| *bits < 32);
    let network = bits.is_some_and(|bits| u32::from(address).checked_shl(bits).is_none_or(|host| host == 0));
    if network || is_of_nobody(address) {
        return None;
    }
    let octets = address.octets();
    let hint = hint_before(bytes, start);
    let same = octets.iter().all(|octet| *octet == octets[0]);
    let small = octets[0] < 10 && octets.iter().all(|octet| *octet < 32) && !same;
    let alone = bytes.len() == end - start;
    let version = hint == Hint::Version || (small && !alone && !port && hint != Hint::Address);
    (!version).then_some(start..end)
}

/// What every machine has, or many at once.
fn is_of_nobody(address: Ipv4Addr) -> bool {
    address.is_loopback()
        || address.is_multicast()
        || address.octets()[0] == 0
        || address.octets()[0] >= 240
        // Where a cloud's machines ask for their own description.
        || address == Ipv4Addr::new(169, 254, 169, 254)
}

/// The number behind a slash.
fn prefix_length(rest: &[u8]) -> Option<u32> {
    let digits = rest.strip_prefix(b"/")?;
    let count = digits.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&digits[..count]).ok()?.parse().ok()
}

/// The longest address, `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`, and a little.
const LONGEST_BYTES: usize = 48;

/// Whether another colon is near enough; JSON and times of day mostly fail here or at their colons' number.
pub(super) fn may_be_version_six(bytes: &[u8], colon: usize) -> bool {
    match &bytes[colon + 1..] {
        [b':', ..] => true,
        rest => {
            let digits = class::count(&rest[..rest.len().min(5)], class::COLONS);
            digits > 1 && rest[..digits].contains(&b':')
        }
    }
}

/// Looks at the run of hexadecimal digits and colons around its first colon; answers where to go on, `colon` if nothing
/// was found. The run's other colons need no look: `read` is set to its end.
pub(super) fn version_six_step(text: &str, colon: usize, sink: &mut Sink, read: &mut usize) -> usize {
    let bytes = text.as_bytes();
    let floor = colon.saturating_sub(5).max(*read);
    let left = bytes[floor..colon].iter().rev().take_while(|byte| class::is(**byte, class::COLONS)).count();
    let right = class::count(&bytes[colon..], class::COLONS);
    work::spend(left + right);
    let (start, end) = (colon - left, colon + right);
    *read = end;
    if end - start > LONGEST_BYTES || end - start < 5 {
        return colon;
    }
    let Some(range) = version_six(text, start, end) else { return colon };
    let end = range.end;
    sink.push(Detector::IpAddress, range);
    end
}

fn version_six(text: &str, mut start: usize, mut end: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let colons = bytes[start..end].iter().filter(|byte| **byte == b':').count();
    let doubled = bytes[start..end].windows(2).any(|pair| pair == b"::");
    if colons < 2 || (!doubled && colons < 6) {
        return None;
    }
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    // What stands right before the run, and a sentence's or a name's own colon and stop.
    if bytes[start] == b':' && bytes.get(start + 1) != Some(&b':') {
        start += 1;
    } else if start > 0 && is_word(bytes[start - 1]) {
        return None;
    }
    while end > start && (bytes[end - 1] == b'.' || (bytes[end - 1] == b':' && bytes[end - 2] != b':')) {
        end -= 1;
    }
    if bytes.get(end).is_some_and(|byte| is_word(*byte)) {
        return None;
    }
    let address: Ipv6Addr = text[start..end].parse().ok()?;
    let first = address.segments()[0];
    // Global, unique local, link local, and IPv4 in IPv6's clothes; `std::ab` and `a::b` are none of these.
    let assigned = first & 0xe000 == 0x2000
        || first & 0xfe00 == 0xfc00
        || first & 0xffc0 == 0xfe80
        || first == 0x64
        || address.to_ipv4_mapped().is_some_and(|address| !is_of_nobody(address));
    let bits = prefix_length(&bytes[end..]).filter(|bits| *bits < 128);
    let network = bits.is_some_and(|bits| u128::from(address).checked_shl(bits).is_none_or(|host| host == 0));
    (assigned && !network).then_some(start..end)
}
