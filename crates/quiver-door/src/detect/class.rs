//! What each byte may be a part of, as a table: one look decides whether any rule wants it.

pub(super) const DIGIT: u8 = 1;
/// A letter or digit of ASCII.
pub(super) const WORD: u8 = 2;
/// What tokens are made of: letters, digits, hyphens and underscores.
pub(super) const RUN: u8 = 4;
/// What UUIDs, digests and numbers are made of: digits, the letters a to f and hyphens.
pub(super) const PLAIN: u8 = 8;
/// Where a rule begins to look.
pub(super) const TRIGGER: u8 = 16;
/// What IPv6 addresses are made of.
pub(super) const COLONS: u8 = 32;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        let mut class = 0;
        if byte.is_ascii_digit() {
            class |= DIGIT | TRIGGER;
        }
        if byte.is_ascii_alphanumeric() {
            class |= WORD | RUN;
        }
        if matches!(byte, b'-' | b'_') {
            class |= RUN;
        }
        if byte.is_ascii_digit() || matches!(byte, b'a'..=b'f' | b'-') {
            class |= PLAIN;
        }
        if matches!(byte, b'@' | b'%' | b':' | b'=') {
            class |= TRIGGER;
        }
        if byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.') {
            class |= COLONS;
        }
        classes[index] = class;
        index += 1;
    }
    classes
};

/// The classes of a byte.
#[inline(always)]
pub(super) fn of(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

/// Whether a byte is of one of the classes.
#[inline(always)]
pub(super) fn is(byte: u8, classes: u8) -> bool {
    of(byte) & classes != 0
}

/// How many bytes at the beginning are of one of the classes.
#[inline]
pub(super) fn count(bytes: &[u8], classes: u8) -> usize {
    bytes.iter().position(|byte| !is(*byte, classes)).unwrap_or(bytes.len())
}
