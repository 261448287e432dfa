//! Recognises telephone numbers by how they are written; a bare row of digits is one only after a word that says so.

use super::hint::{Hint, hint_before};
use super::span::{Group, Prefix, Separator, Span, ends_well};
use std::ops::Range;

/// The telephone number that the span begins with.
pub(super) fn find(span: &Span<'_>) -> Option<Range<usize>> {
    let glued = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'#' | b'@' | b'$' | b'.' | b'+' | b'^' | b'~')
    };
    if span.byte_before().is_some_and(glued) {
        return None;
    }
    if span.prefix == Prefix::Plus {
        return international(span, 0).map(|end| span.start()..end);
    }
    let hint = hint_before(span.bytes, span.start());
    if hint == Hint::Phone {
        return hinted(span).map(|end| begin(span, end)..end);
    }
    // A part of a longer identifier, or of a path.
    let part = matches!(span.byte_before(), Some(b'-' | b'/' | b'&'));
    if part || matches!(hint, Hint::Identifier | Hint::Version | Hint::SocialSecurity | Hint::National) {
        return None;
    }
    let end = abroad(span).or_else(|| north_american(span)).or_else(|| trunk(span)).or_else(|| other(span))?;
    Some(begin(span, end)..end)
}

/// An opening parenthesis belongs to the number if it closes within.
fn begin(span: &Span<'_>, end: usize) -> usize {
    let start = span.groups()[0].start;
    if span.bytes[start..end].contains(&b')') { span.start() } else { start }
}

/// The end of the longest row of groups with `least` to `most` digits that may end there.
fn longest(span: &Span<'_>, least: usize, most: usize, may_join: impl Fn(&Group) -> bool) -> Option<(usize, usize)> {
    let mut digits = 0;
    let mut best = None;
    for (index, group) in span.groups().iter().enumerate() {
        digits += group.len();
        if digits > most || (index > 0 && !may_join(group)) {
            break;
        }
        if digits >= least && ends_well(span.bytes, group.end) {
            best = Some((index + 1, group.end));
        }
    }
    best
}

fn joins(group: &Group) -> bool {
    group.before != Separator::Wide
}

/// Country code and number; the first `zeros` digits say that a country code comes.
fn international(span: &Span<'_>, zeros: usize) -> Option<usize> {
    let mut buffer = [0_u8; 24];
    let all = span.digits(span.groups().len(), &mut buffer);
    let code = all.get(zeros..)?;
    let width = country_code_digits(code)?;
    if width == 1 && code[0] == b'1' {
        // North America: ten digits, the first neither 0 nor 1.
        let (groups, end) = longest(span, zeros + 11, zeros + 11, joins)?;
        let first_dot = groups == 2 && span.groups()[1].before == Separator::Dot;
        return (code.get(1).is_some_and(|digit| *digit >= b'2') && !first_dot).then_some(end);
    }
    let (groups, end) = longest(span, zeros + 9, zeros + 15, joins)?;
    let digits: usize = span.groups()[..groups].iter().map(Group::len).sum();
    // A signed whole number or fraction is seldom longer than nine digits.
    let number = groups == 1 && digits < zeros + 10;
    let fraction = groups == 2 && span.groups()[1].before == Separator::Dot;
    (!number && !fraction).then_some(end)
}

/// The assigned country codes by their first digits (ITU-T E.164).
fn country_code_digits(digits: &[u8]) -> Option<usize> {
    match digits {
        [b'1' | b'7', ..] => Some(1),
        [b'2', b'0' | b'7', ..]
        | [b'3', b'0'..=b'4' | b'6' | b'9', ..]
        | [b'4', b'0' | b'1' | b'3'..=b'9', ..]
        | [b'5', b'1'..=b'8', ..]
        | [b'6', b'0'..=b'6', ..]
        | [b'8', b'1' | b'2' | b'4' | b'6', ..]
        | [b'9', b'0'..=b'5' | b'8', ..] => Some(2),
        [b'2', b'1'..=b'6' | b'9', _, ..]
        | [b'3', b'5' | b'7' | b'8', _, ..]
        | [b'4', b'2', _, ..]
        | [b'5', b'0' | b'9', _, ..]
        | [b'6', b'7'..=b'9', _, ..]
        | [b'8', b'0' | b'5' | b'7' | b'8', _, ..]
        | [b'9', b'6' | b'7' | b'9', _, ..] => Some(3),
        _ => None,
    }
}

/// `0049 30 1234567`, `011 44 20 7946 0958`.
fn abroad(span: &Span<'_>) -> Option<usize> {
    let first = span.groups()[0];
    let digits = &span.bytes[first.start..first.end];
    let grouped = span.groups().get(1).is_some_and(|group| !matches!(group.before, Separator::Dot | Separator::Wide));
    let zeros = match digits {
        b"011" => 3,
        [b'0', b'0'] | [b'0', b'0', b'1'..=b'9', ..] if digits.len() <= 6 => 2,
        _ => return None,
    };
    if grouped { international(span, zeros) } else { None }
}

/// Three, three and four digits, with the trunk's 1 before them or not.
fn north_american(span: &Span<'_>) -> Option<usize> {
    let skip = usize::from(span.has_lengths(&[1, 3, 3, 4]) && span.bytes[span.groups()[0].start] == b'1');
    let groups = span.groups().get(skip..skip + 3)?;
    if skip == 0 && !span.has_lengths(&[3, 3, 4]) {
        return None;
    }
    let parenthesis = (skip == 0 && span.prefix == Prefix::Open || groups[0].before == Separator::Open)
        && groups[1].before == Separator::Close;
    let written = parenthesis
        || matches!(
            (groups[1].before, groups[2].before),
            (Separator::Hyphen, Separator::Hyphen)
                | (Separator::Dot, Separator::Dot)
                | (Separator::Slash | Separator::Space, Separator::Hyphen)
        )
        // Three numbers in a row are rather a list when the second is round or small.
        || ((groups[1].before, groups[2].before) == (Separator::Space, Separator::Space)
            && span.bytes[groups[1].start] >= b'2'
            && span.bytes[groups[1].end - 1] != b'0');
    let followed = span.groups().get(skip + 3).is_some_and(|next| next.before == groups[2].before);
    let area = span.bytes[groups[0].start] >= b'2';
    let end = groups[2].end;
    (written && (area || parenthesis) && !followed && ends_well(span.bytes, end)).then_some(end)
}

/// National numbers that begin with 0: `(030) 1234 5678`, `0171/1234567`, `01 23 45 67 89`, `03-1234-5678`.
fn trunk(span: &Span<'_>) -> Option<usize> {
    let groups = span.groups();
    let first = groups[0];
    if !matches!(&span.bytes[first.start..first.end], [b'0', b'1'..=b'9', ..]) || groups.len() < 2 {
        return None;
    }
    if span.has_lengths(&[2, 2, 2, 2, 2]) {
        let end = groups[4].end;
        return (span.uniform(5).is_some() && !span.goes_on(5) && ends_well(span.bytes, end)).then_some(end);
    }
    let enclosed = span.prefix == Prefix::Open && groups[1].before == Separator::Close;
    let two = first.len() == 2 && (enclosed || span.has_lengths(&[2, 4, 4]) || span.has_lengths(&[2, 3, 4]));
    if !two && !(3..=5).contains(&first.len()) {
        return None;
    }
    let (count, end) = longest(span, 9, 12, |group| group.before != Separator::Dot && group.len() >= 2)?;
    let taken = &groups[1..count];
    // The day of a date: `0930 20240115`.
    let dated = taken.len() == 1
        && taken[0].len() == 8
        && matches!(&span.bytes[taken[0].start..], [b'1', b'9', ..] | [b'2', b'0', ..]);
    (!taken.is_empty() && !dated && !span.goes_on(count)).then_some(end)
}

/// `(11) 98765-4321` and the Chinese `138 0013 8000`.
fn other(span: &Span<'_>) -> Option<usize> {
    let groups = span.groups();
    let count = 3;
    let end = groups.get(count - 1)?.end;
    let enclosed = span.prefix == Prefix::Open
        && groups[1].before == Separator::Close
        && groups[0].len() == 2
        && matches!(groups[1].len(), 4 | 5)
        && groups[2].len() == 4;
    let chinese = span.has_lengths(&[3, 4, 4])
        && matches!(&span.bytes[groups[0].start..], [b'1', b'3'..=b'9', ..])
        && matches!(span.uniform(count), Some(Separator::Hyphen | Separator::Space))
        && !span.goes_on(count);
    ((enclosed || chinese) && ends_well(span.bytes, end)).then_some(end)
}

/// After a word such as *phone*: any grouping of seven to fifteen digits but an instant, a date or a fraction.
fn hinted(span: &Span<'_>) -> Option<usize> {
    let groups = span.groups();
    let first = &span.bytes[groups[0].start..groups[0].end];
    let (count, end) = longest(span, 7, 15, joins)?;
    let fraction = count == 2 && groups[1].before == Separator::Dot;
    let year = first.len() == 4 && matches!(first, [b'1', b'9', ..] | [b'2', b'0', ..]);
    let date = year && (span.has_lengths(&[4, 2, 2]) || span.has_lengths(&[4, 1, 1]));
    let day = span.has_lengths(&[2, 2, 4])
        && matches!(span.uniform(3), Some(Separator::Dot | Separator::Slash | Separator::Hyphen));
    // Seconds, milliseconds since 1970; no national number of ten digits begins with 1.
    let instant = count == 1 && matches!(first.len(), 10 | 13) && first[0] == b'1';
    let dotted = span.has_lengths(&[4, 2, 2]) && year;
    (!fraction && !date && !day && !instant && !dotted).then_some(end)
}
