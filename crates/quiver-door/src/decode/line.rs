//! Reads lines of bounded length, so that a file without line breaks never fills the memory; parses nothing.

use crate::limits;
use std::io::{BufRead, Result};

/// What one read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineRead {
    /// A line, without its end, is in the buffer.
    Line,
    /// The line was longer than the limit; it was passed over.
    TooLong,
    /// There are no more lines.
    End,
}

/// Lines of a source, with their numbers and the bytes they took.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    source: R,
    /// The number of the line read last, from 1.
    pub number: u64,
    /// Bytes taken from the source.
    pub bytes: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, number: 0, bytes: 0 }
    }

    /// Reads the next line into `buffer`, which is cleared first.
    pub(crate) fn read(&mut self, buffer: &mut Vec<u8>) -> Result<LineRead> {
        buffer.clear();
        let mut too_long = false;
        let mut any = false;
        loop {
            let available = self.source.fill_buf()?;
            if available.is_empty() {
                break;
            }
            any = true;
            let end = available.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(available.len());
            if buffer.len() + taken > limits::MAX_LINE_BYTES {
                too_long = true;
                // The memory is given back: the next lines are probably short again.
                *buffer = Vec::new();
            } else if !too_long {
                buffer.extend_from_slice(&available[..taken]);
            }
            let consumed = end.map_or(taken, |end| end + 1);
            self.source.consume(consumed);
            self.bytes += consumed as u64;
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(LineRead::End);
        }
        self.number += 1;
        if self.number == 1 && buffer.starts_with(b"\xef\xbb\xbf") {
            buffer.drain(..3);
        }
        if buffer.last() == Some(&b'\r') {
            buffer.pop();
        }
        Ok(if too_long { LineRead::TooLong } else { LineRead::Line })
    }
}

/// Whether JSON text nests deeper than `limit`, found without parsing it.
pub(crate) fn nests_deeper(json: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_beyond_the_limit_is_passed_over_and_the_next_one_read() {
        let mut text = b"\xef\xbb\xbfone\r\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', limits::MAX_LINE_BYTES + 1));
        text.extend(b"\nthree");
        let mut lines = Lines::new(std::io::BufReader::new(text.as_slice()));
        let mut buffer = Vec::new();
        assert_eq!((lines.read(&mut buffer).unwrap(), buffer.as_slice()), (LineRead::Line, b"one".as_slice()));
        assert_eq!(lines.read(&mut buffer).unwrap(), LineRead::TooLong);
        assert!(buffer.capacity() < 100_000);
        assert_eq!((lines.read(&mut buffer).unwrap(), buffer.as_slice()), (LineRead::Line, b"three".as_slice()));
        assert_eq!(lines.read(&mut buffer).unwrap(), LineRead::End);
        assert_eq!((lines.number, lines.bytes), (3, text.len() as u64));
    }

    #[test]
    fn brackets_in_texts_are_no_nesting() {
        assert!(!nests_deeper(br#"{"a":"[[[[\"[[","b":[1]}"#, 2));
        assert!(nests_deeper(b"[[[1]]]", 2));
    }
}
