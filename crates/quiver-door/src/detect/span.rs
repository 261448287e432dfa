//! Reads a number written in groups, such as `+1 (415) 555-0123`; knows nothing of what it means.

/// What stands between two groups of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// The first group has none before it.
    Start,
    Space,
    Hyphen,
    Dot,
    Slash,
    /// A parenthesis opens, `+1 (415`.
    Open,
    /// A parenthesis closes, `(415) 555`.
    Close,
    /// A hyphen or slash between blanks.
    Wide,
}

/// What stands right before the first group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefix {
    Nothing,
    Plus,
    Open,
}

/// One group of digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) before: Separator,
}

impl Group {
    pub(super) fn len(&self) -> usize {
        self.end - self.start
    }
}

pub(super) const MOST_GROUPS: usize = 9;
/// One more than the longest number known; a longer run is none.
pub(super) const LONGEST_GROUP: usize = 20;

/// A number in groups; it may go on behind the last.
pub(super) struct Span<'text> {
    pub(super) bytes: &'text [u8],
    pub(super) prefix: Prefix,
    groups: [Group; MOST_GROUPS],
    count: usize,
}

impl<'text> Span<'text> {
    /// Reads from the first digit of a run at `at`.
    pub(super) fn read(bytes: &'text [u8], at: usize) -> Self {
        let prefix = match at.checked_sub(1).map(|before| bytes[before]) {
            Some(b'+') => Prefix::Plus,
            Some(b'(') => Prefix::Open,
            _ if at >= 3 && matches!(&bytes[at - 3..at], b"%2B" | b"%2b") => Prefix::Plus,
            _ => Prefix::Nothing,
        };
        let mut span = Self {
            bytes,
            prefix,
            groups: [Group { start: at, end: at, before: Separator::Start }; MOST_GROUPS],
            count: 0,
        };
        let (mut start, mut before) = (at, Separator::Start);
        loop {
            let window = &bytes[start..bytes.len().min(start + LONGEST_GROUP)];
            let length = window.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(window.len());
            super::work::spend(length + 1);
            span.groups[span.count] = Group { start, end: start + length, before };
            span.count += 1;
            if span.count == MOST_GROUPS || length == LONGEST_GROUP {
                return span;
            }
            let Some((separator, width)) = separator(&bytes[start + length..]) else { return span };
            (start, before) = (start + length + width, separator);
        }
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.groups[..self.count]
    }

    /// Where the number begins, its plus sign or parenthesis included.
    pub(super) fn start(&self) -> usize {
        let start = self.groups[0].start;
        match self.prefix {
            Prefix::Nothing => start,
            Prefix::Plus if self.bytes[start - 1] != b'+' => start - 3,
            Prefix::Plus | Prefix::Open => start - 1,
        }
    }

    /// The byte before the number.
    pub(super) fn byte_before(&self) -> Option<u8> {
        self.start().checked_sub(1).map(|before| self.bytes[before])
    }

    /// The digits of the first groups, up to `buffer`'s length.
    pub(super) fn digits<'buffer>(&self, groups: usize, buffer: &'buffer mut [u8]) -> &'buffer [u8] {
        let digits = self.groups[..groups].iter().flat_map(|group| &self.bytes[group.start..group.end]);
        let mut count = 0;
        for (slot, digit) in buffer.iter_mut().zip(digits) {
            *slot = *digit;
            count += 1;
        }
        &buffer[..count]
    }

    /// Whether the first groups have just these lengths.
    pub(super) fn has_lengths(&self, lengths: &[usize]) -> bool {
        self.count >= lengths.len() && self.groups.iter().zip(lengths).all(|(group, length)| group.len() == *length)
    }

    /// The separator that the first `groups` have between them, if it is one and the same.
    pub(super) fn uniform(&self, groups: usize) -> Option<Separator> {
        let first = self.groups().get(1)?.before;
        self.groups()[1..groups].iter().all(|group| group.before == first).then_some(first)
    }

    /// Whether the same separator and more digits follow the first `groups`.
    pub(super) fn goes_on(&self, groups: usize) -> bool {
        self.groups().get(groups).is_some_and(|next| next.before == self.groups[groups - 1].before)
    }
}

fn separator(rest: &[u8]) -> Option<(Separator, usize)> {
    let (separator, width) = match rest {
        [b' ', b'(', ..] => (Separator::Open, 2),
        [b' ', b'-' | b'/', b' ', ..] => (Separator::Wide, 3),
        [b' ', ..] => (Separator::Space, 1),
        [b'-', ..] => (Separator::Hyphen, 1),
        [b'.', ..] => (Separator::Dot, 1),
        [b'/', ..] => (Separator::Slash, 1),
        [b'(', ..] => (Separator::Open, 1),
        [b')', b' ' | b'-' | b'.', ..] => (Separator::Close, 2),
        [b')', ..] => (Separator::Close, 1),
        // The no-break space, the narrow one, and the hyphens and dash of typesetters.
        [0xc2, 0xa0, ..] => (Separator::Space, 2),
        [0xe2, 0x80, 0xaf, ..] => (Separator::Space, 3),
        [0xe2, 0x80, 0x90..=0x93, ..] => (Separator::Hyphen, 3),
        _ => return None,
    };
    rest.get(width)?.is_ascii_digit().then_some((separator, width))
}

/// Whether a number may end before `end`: no word, fraction or further part follows.
pub(super) fn ends_well(bytes: &[u8], end: usize) -> bool {
    match &bytes[end..] {
        [] => true,
        [b'-' | b'.', next, ..] if next.is_ascii_alphanumeric() => false,
        [b'_' | b'@' | b'%', ..] => false,
        [next, ..] => !next.is_ascii_alphanumeric(),
    }
}
