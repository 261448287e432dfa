//! Questions about events as SQL: which rows, in which order, and how far back they are looked for.

use crate::pipeline::time_condition;
use quiver_event::event::Kind;
use quiver_event::spec::LIVE_ARM;
use quiver_event::time::{MICROSECONDS_PER_DAY, Timestamp, Window};
use std::str::FromStr;

/// The years 1678 to 2262: instants of SQL count nanoseconds in 64 bits, and none outside can be written.
pub const EVER: Window = Window { start: Timestamp(-9_214_560_000_000_000), end: Timestamp(9_214_646_400_000_000) };

/// A range as far as SQL can write it.
pub fn writable(range: Window) -> Window {
    let inside = |at: Timestamp| at.clamp(EVER.start, EVER.end);
    Window { start: inside(range.start), end: inside(range.end) }
}

/// A text as SQL writes it.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The place of an event among those of its kind, the newest first: its time, then its offset in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// When it happened, in microseconds since 1970.
    pub at: i64,
    /// Its offset in the journal.
    pub offset: i64,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.at, self.offset)
    }
}

/// The text is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (at, offset) = text.split_once('.').ok_or(NoCursor)?;
        let whole = |number: &str| number.parse::<i64>().map_err(|_| NoCursor);
        let cursor = Self { at: whole(at)?, offset: whole(offset)? };
        if EVER.contains(Timestamp(cursor.at)) { Ok(cursor) } else { Err(NoCursor) }
    }
}

/// The parts of a range in which events are looked for one after the other, the newest first: the first holds the day
/// before `newest` and all that is newer, each further one is four times as long as the one before. So a page of the
/// newest events reads a day of files, and one of rare events all of them once, by few statements.
pub fn parts(range: Window, newest: Timestamp) -> impl Iterator<Item = Window> {
    let Window { start, mut end } = writable(range);
    let mut from = newest.min(end);
    let mut length = MICROSECONDS_PER_DAY;
    std::iter::from_fn(move || {
        if end <= start {
            return None;
        }
        from = start.max(Timestamp(from.0.saturating_sub(length)));
        length = length.saturating_mul(4);
        let part = Window { start: from, end };
        end = from;
        Some(part)
    })
}

/// Which events are wanted; what is none is not asked about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// The event's own id, or one of those that it names.
    pub id: Option<&'a str>,
    /// The decision.
    pub decision_id: Option<&'a str>,
    /// The arm that answered; this and what follows is asked of predictions only.
    pub arm: Option<&'a str>,
    /// The version that answered.
    pub version: Option<&'a str>,
    /// The action taken.
    pub action: Option<&'a str>,
    /// Whether the answer failed.
    pub failed: Option<bool>,
    /// The smallest score, or predicted number.
    pub min_score: Option<f64>,
    /// The largest.
    pub max_score: Option<f64>,
    /// A slice and its value.
    pub slice: Option<(&'a str, &'a str)>,
}

impl Wanted<'_> {
    /// The conditions as SQL.
    pub fn conditions(&self, kind: Kind) -> Vec<String> {
        let mut conditions = Vec::new();
        let mut equal = |expression: &str, text: Option<&str>| {
            conditions.extend(text.map(|text| format!("{expression} = {}", quoted(text))));
        };
        equal("\"decision_id\"", self.decision_id);
        if kind == Kind::Prediction {
            equal(&served_arm(), self.arm);
            equal("\"version\"", self.version);
            equal("\"action\"", self.action);
            if let Some((name, value)) = self.slice {
                equal(&format!("\"slices\"[{}]", quoted(name)), Some(value));
            }
            let score = "coalesce(\"score\", \"value\")";
            // Written with a point or an exponent, so that SQL reads a number of 64 bits.
            conditions.extend(self.min_score.map(|least| format!("{score} >= {least:?}")));
            conditions.extend(self.max_score.map(|most| format!("{score} <= {most:?}")));
            let null = |failed: bool| if failed { "IS NOT NULL" } else { "IS NULL" };
            conditions.extend(self.failed.map(|failed| format!("\"error\" {}", null(failed))));
        }
        if let Some(id) = self.id {
            let named: &[&str] = match kind {
                Kind::Prediction => &["id", "decision_id"],
                Kind::Feedback => &["id", "prediction_id", "decision_id"],
                Kind::Heartbeat | Kind::Change => &["id"],
            };
            let any: Vec<String> = named.iter().map(|column| format!("\"{column}\" = {}", quoted(id))).collect();
            conditions.push(format!("({})", any.join(" OR ")));
        }
        conditions
    }
}

/// The arm whose answer was used, as SQL.
pub fn served_arm() -> String {
    format!("coalesce(\"arm\", '{LIVE_ARM}')")
}

/// What a page needs of each kind: texts that a sender may make long are cut.
fn columns(kind: Kind) -> &'static str {
    match kind {
        Kind::Prediction => {
            "\"arm\", \"version\", \"request_type\", \"decision_id\", \"score\", \"value\", \
             substr(\"class\", 1, 400) AS \"class\", substr(\"ranking\", 1, 400) AS \"ranking\", \
             CASE WHEN \"embedding\" IS NULL THEN 0 ELSE 1 END AS \"vectors\", \"action\", \"decided_by\", \
             \"latency_ms\", substr(\"error\", 1, 400) AS \"error\", \"slices\""
        }
        Kind::Feedback => {
            "\"prediction_id\", \"decision_id\", \"name\", \"value\", substr(\"class\", 1, 400) AS \"class\""
        }
        Kind::Heartbeat => "\"source\", \"data_until\"",
        Kind::Change => "\"what\", \"reference\"",
    }
}

/// The newest events of a part for which the conditions hold, behind a place where one is given.
pub fn page(kind: Kind, part: Window, conditions: &[String], after: Option<Cursor>, rows: usize) -> String {
    let mut all = vec![time_condition(writable(part))];
    all.extend_from_slice(conditions);
    all.extend(after.map(|Cursor { at, offset }| {
        let at = format!("CAST('{}' AS TIMESTAMP WITH TIME ZONE)", Timestamp(at));
        format!("(\"at\" < {at} OR (\"at\" = {at} AND \"offset\" < {offset}))")
    }));
    format!(
        "SELECT \"id\", \"at\", \"received_at\", \"offset\", {} FROM {} WHERE {} \
         ORDER BY \"at\" DESC, \"offset\" DESC LIMIT {rows}",
        columns(kind),
        kind.table_name(),
        all.join(" AND "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = MICROSECONDS_PER_DAY;

    fn days(from: i64, to: i64) -> Window {
        Window { start: Timestamp(from * DAY), end: Timestamp(to * DAY) }
    }

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        for cursor in [Cursor { at: 1_375_000_000_000_001, offset: 42 }, Cursor { at: -1, offset: 0 }] {
            assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
        }
        for text in ["", ".", "1", "1.", "1.x", "1.2.3", "1' OR '1'='1.2", "9223372036854775807.1"] {
            assert_eq!(text.parse::<Cursor>(), Err(NoCursor), "{text}");
        }
    }

    #[test]
    fn texts_stay_texts_whatever_they_hold() {
        assert_eq!(quoted("it's"), "'it''s'");
        let wanted = Wanted {
            arm: Some("control"),
            version: Some("v1' OR 'a'='a"),
            slice: Some(("o'rigin", "JFK")),
            failed: Some(true),
            min_score: Some(0.5),
            id: Some("d-1"),
            ..Wanted::default()
        };
        let expected = [
            "coalesce(\"arm\", 'control') = 'control'",
            "\"version\" = 'v1'' OR ''a''=''a'",
            "\"slices\"['o''rigin'] = 'JFK'",
            "coalesce(\"score\", \"value\") >= 0.5",
            "\"error\" IS NOT NULL",
            "(\"id\" = 'd-1' OR \"decision_id\" = 'd-1')",
        ];
        assert_eq!(wanted.conditions(Kind::Prediction), expected);
        assert_eq!(wanted.conditions(Kind::Change), ["(\"id\" = 'd-1')"]);
        let feedback = "(\"id\" = 'd-1' OR \"prediction_id\" = 'd-1' OR \"decision_id\" = 'd-1')";
        assert_eq!(wanted.conditions(Kind::Feedback), [feedback]);
    }

    #[test]
    fn a_page_begins_behind_its_cursor_and_is_in_order() {
        let after = Cursor { at: DAY, offset: 7 };
        let statement = page(Kind::Change, days(0, 3), &["\"id\" = 'c'".to_owned()], Some(after), 51);
        let instant = "CAST('1970-01-02T00:00:00Z' AS TIMESTAMP WITH TIME ZONE)";
        assert!(statement.contains(&format!("(\"at\" < {instant} OR (\"at\" = {instant} AND \"offset\" < 7))")));
        assert!(statement.contains("event_date >= DATE '1970-01-01' AND event_date <= DATE '1970-01-04'"));
        assert!(statement.ends_with("ORDER BY \"at\" DESC, \"offset\" DESC LIMIT 51"));
    }

    #[test]
    fn parts_hold_the_range_once_and_grow() {
        let all: Vec<Window> = parts(days(0, 12), Timestamp(10 * DAY)).collect();
        assert_eq!(all, [days(9, 12), days(5, 9), days(0, 5)]);
        // What is known may lie before the range, or behind it.
        assert_eq!(parts(days(5, 9), Timestamp(2 * DAY)).collect::<Vec<_>>(), [days(5, 9)]);
        assert_eq!(parts(days(8, 9), Timestamp(99 * DAY)).collect::<Vec<_>>(), [days(8, 9)]);
        assert_eq!(parts(days(3, 3), Timestamp(9 * DAY)).count(), 0);
        assert!(parts(EVER, Timestamp(0)).count() < 12);
        let widest = Window { start: Timestamp(i64::MIN), end: Timestamp(i64::MAX) };
        assert_eq!(parts(widest, Timestamp(i64::MAX)).map(|part| part.end).max(), Some(EVER.end));
    }
}
