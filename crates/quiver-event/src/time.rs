//! Instants and half-open windows of event time in a named time zone; never reads a clock.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Why a text is not an instant, a zone or a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// The text is no RFC 3339 instant and no calendar date.
    #[error("`{0}` is not a point in time: write 2013-07-01T14:03:11Z (with a zone), or a date such as 2013-07-01")]
    Instant(String),
    /// The text has a date and time but no zone, so it names no instant.
    #[error("`{0}` has no time zone, so it names no instant: append Z or an offset such as -05:00")]
    NoZone(String),
    /// The zone is not in the IANA database.
    #[error("`{0}` is not a time zone of the IANA database, such as America/New_York or UTC")]
    Zone(String),
    /// The window length is not known.
    #[error("`{0}` is not a window length: write 1h, 6h, 1d, 1w or 1mo")]
    WindowLength(String),
    /// The instant lies outside the years that can be represented.
    #[error("{0} microseconds since 1970 lies outside the years -9999 to 9999")]
    OutOfRange(i64),
}

impl Timestamp {
    /// Parses an RFC 3339 instant; a text without zone is refused, because guessing one shifts every window.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(instant.as_microsecond()));
        }
        if text.parse::<DateTime>().is_ok() {
            return Err(TimeError::NoZone(text.to_owned()));
        }
        Err(TimeError::Instant(text.to_owned()))
    }

    /// Parses an instant, or a date or zone-less time taken in `zone`.
    pub fn parse_in(text: &str, zone: &Zone) -> Result<Self, TimeError> {
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(instant.as_microsecond()));
        }
        let civil: DateTime = text.parse().map_err(|_| TimeError::Instant(text.to_owned()))?;
        let zoned = civil.to_zoned(zone.zone.clone()).map_err(|_| TimeError::Instant(text.to_owned()))?;
        Ok(Self(zoned.timestamp().as_microsecond()))
    }

    /// The UTC calendar date as days since 1970-01-01, which is the partition key of every table.
    pub fn utc_day(self) -> i32 {
        i32::try_from(self.0.div_euclid(MICROSECONDS_PER_DAY)).unwrap_or(if self.0 < 0 { i32::MIN } else { i32::MAX })
    }
}

/// Microseconds in a day of 24 hours.
pub const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

impl std::fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(formatter, "{instant}"),
            Err(_) => write!(formatter, "{} us since 1970", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A time zone of the IANA database, with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// Looks a zone up by its IANA name.
    pub fn parse(name: &str) -> Result<Self, TimeError> {
        let zone = TimeZone::get(name).map_err(|_| TimeError::Zone(name.to_owned()))?;
        Ok(Self { name: name.to_owned(), zone })
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn civil(&self, at: Timestamp) -> Result<DateTime, TimeError> {
        let instant = jiff::Timestamp::from_microsecond(at.0).map_err(|_| TimeError::OutOfRange(at.0))?;
        Ok(self.zone.to_datetime(instant))
    }

    /// The local date of an instant, as `2013-07-01`.
    pub fn date_text(&self, at: Timestamp) -> String {
        self.civil(at).map_or_else(|_| at.to_string(), |civil| civil.date().to_string())
    }

    /// The local month of an instant, as `2013-07`.
    pub fn month_text(&self, at: Timestamp) -> String {
        self.civil(at).map_or_else(|_| at.to_string(), |civil| format!("{:04}-{:02}", civil.year(), civil.month()))
    }

    /// The local hour of an instant, as `2013-07-01 14h`.
    pub fn hour_text(&self, at: Timestamp) -> String {
        self.civil(at).map_or_else(|_| at.to_string(), |civil| format!("{} {:02}h", civil.date(), civil.hour()))
    }

    /// The first instant of a local date such as `2013-07-01`.
    ///
    /// # Errors
    /// When the text is no date.
    pub fn start_of_date(&self, text: &str) -> Result<Timestamp, TimeError> {
        let date: Date = text.parse().map_err(|_| TimeError::Instant(text.to_owned()))?;
        Ok(self.start_of(date))
    }

    fn start_of(&self, date: Date) -> Timestamp {
        date.to_zoned(self.zone.clone())
            .map_or(Timestamp(i64::MAX), |zoned| Timestamp(zoned.timestamp().as_microsecond()))
    }
}

/// How much event time one window covers; days, weeks and months are local to the spec's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WindowLength {
    /// A number of hours that divides a day, counted from local midnight.
    Hours(u8),
    /// One local calendar day.
    Day,
    /// One local week, from Monday.
    Week,
    /// One local calendar month.
    Month,
}

impl WindowLength {
    /// Parses `1h`, `2h`, `3h`, `4h`, `6h`, `8h`, `12h`, `1d`, `1w` or `1mo`.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        match text {
            "1d" | "24h" => Ok(Self::Day),
            "1w" | "7d" => Ok(Self::Week),
            "1mo" => Ok(Self::Month),
            _ => match text.strip_suffix('h').and_then(|hours| hours.parse::<u8>().ok()) {
                Some(hours) if hours > 0 && hours < 24 && 24 % hours == 0 => Ok(Self::Hours(hours)),
                _ => Err(TimeError::WindowLength(text.to_owned())),
            },
        }
    }

    /// The window that holds `at`, in `zone`.
    pub fn window_of(self, at: Timestamp, zone: &Zone) -> Result<Window, TimeError> {
        let civil = zone.civil(at)?;
        let date = civil.date();
        let next = |from: Date, days: i64| from.checked_add(days.days()).map_err(|_| TimeError::OutOfRange(at.0));
        let (start, end) = match self {
            Self::Day => (zone.start_of(date), zone.start_of(next(date, 1)?)),
            Self::Week => {
                let monday = next(date, -i64::from(date.weekday().to_monday_zero_offset()))?;
                (zone.start_of(monday), zone.start_of(next(monday, 7)?))
            }
            Self::Month => {
                let first = date.first_of_month();
                let following = first.checked_add(1.month()).map_err(|_| TimeError::OutOfRange(at.0))?;
                (zone.start_of(first), zone.start_of(following))
            }
            Self::Hours(hours) => {
                // Elapsed time from local midnight: a day of 23 or 25 hours has a shorter or a longer last window.
                let midnight = zone.start_of(date);
                let length = i64::from(hours) * 3_600_000_000;
                let start = midnight.0 + (at.0 - midnight.0).div_euclid(length) * length;
                let end = (start + length).min(zone.start_of(next(date, 1)?).0);
                (Timestamp(start), Timestamp(end))
            }
        };
        Ok(Window { start, end })
    }
}

impl std::fmt::Display for WindowLength {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hours(hours) => write!(formatter, "{hours}h"),
            Self::Day => formatter.write_str("1d"),
            Self::Week => formatter.write_str("1w"),
            Self::Month => formatter.write_str("1mo"),
        }
    }
}

impl Serialize for WindowLength {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WindowLength {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for WindowLength {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WindowLength".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "enum": ["1h", "2h", "3h", "4h", "6h", "8h", "12h", "1d", "1w", "1mo"],
            "x-expected": "a window length: 1h, 6h, 1d, 1w or 1mo",
        })
    }
}

/// A half-open interval of event time, `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

impl Window {
    /// Whether the window holds `at`.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether the two windows share an instant.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// Finds the window of instant after instant, remembering the last, since logs are nearly ordered.
#[derive(Debug, Clone)]
pub struct WindowFinder {
    cut: Option<(WindowLength, Zone)>,
    last: Option<Window>,
}

impl WindowFinder {
    /// A finder for windows of `length` in `zone`.
    pub fn new(length: WindowLength, zone: Zone) -> Self {
        Self { cut: Some((length, zone)), last: None }
    }

    /// A finder of one window that holds all time.
    pub fn of_all_time() -> Self {
        Self { cut: None, last: Some(Window { start: Timestamp(i64::MIN), end: Timestamp(i64::MAX) }) }
    }

    /// The window that holds `at`.
    pub fn find(&mut self, at: Timestamp) -> Result<Window, TimeError> {
        match (self.last, &self.cut) {
            (Some(window), _) if window.contains(at) => Ok(window),
            (_, Some((length, zone))) => {
                let window = length.window_of(at, zone)?;
                self.last = Some(window);
                Ok(window)
            }
            (_, None) => Err(TimeError::OutOfRange(at.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[track_caller]
    fn check(length: &str, zone: &str, instant: &str, start: &str, end: &str) {
        let window = WindowLength::parse(length).unwrap().window_of(at(instant), &Zone::parse(zone).unwrap()).unwrap();
        assert_eq!((window.start.to_string().as_str(), window.end.to_string().as_str()), (start, end));
    }

    #[test]
    fn a_day_is_local_and_has_23_hours_when_the_clock_springs() {
        check("1d", "America/New_York", "2013-03-10T12:00:00Z", "2013-03-10T05:00:00Z", "2013-03-11T04:00:00Z");
        check("1d", "UTC", "2013-03-10T23:59:59.999999Z", "2013-03-10T00:00:00Z", "2013-03-11T00:00:00Z");
    }

    #[test]
    fn weeks_start_on_monday_and_months_on_the_first() {
        check("1w", "UTC", "2013-07-07T10:00:00Z", "2013-07-01T00:00:00Z", "2013-07-08T00:00:00Z");
        check("1mo", "America/New_York", "2014-01-01T04:59:00Z", "2013-12-01T05:00:00Z", "2014-01-01T05:00:00Z");
    }

    #[test]
    fn hours_count_from_local_midnight_and_never_cross_it() {
        check("6h", "America/New_York", "2013-11-03T23:30:00-05:00", "2013-11-04T04:00:00Z", "2013-11-04T05:00:00Z");
        check("1h", "Asia/Kolkata", "2013-07-01T10:10:00Z", "2013-07-01T09:30:00Z", "2013-07-01T10:30:00Z");
    }

    #[test]
    fn an_instant_without_zone_is_refused_by_name() {
        assert_eq!(Timestamp::parse("2013-07-01T14:00:00"), Err(TimeError::NoZone("2013-07-01T14:00:00".to_owned())));
        let zone = Zone::parse("America/New_York").unwrap();
        assert_eq!(Timestamp::parse_in("2013-02-01", &zone).unwrap(), at("2013-02-01T05:00:00Z"));
    }
}
