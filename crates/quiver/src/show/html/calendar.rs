//! The periods of a report: their names in sentences, in cells and along an axis.

use quiver_event::time::Window;
use serde::Serialize;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The year, month, day and hour that a label names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Civil {
    year: i32,
    month: usize,
    day: Option<u32>,
    hour: Option<u32>,
}

impl Civil {
    /// Reads `2013-07`, `2013-07-01` or `2013-07-01 14h`.
    fn parse(label: &str) -> Option<Self> {
        let (date, hour) = match label.split_once(' ') {
            Some((date, hour)) => (date, Some(hour.trim_end_matches('h').parse().ok()?)),
            None => (label, None),
        };
        let mut parts = date.splitn(3, '-');
        let year = parts.next()?.parse().ok()?;
        let month = parts.next()?.parse().ok().filter(|month| (1..=12).contains(month))?;
        let day = parts.next().map(str::parse).transpose().ok()?;
        Some(Self { year, month, day, hour })
    }

    fn month_name(self) -> &'static str {
        MONTHS[self.month - 1]
    }
}

/// A name at one period of an axis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tick {
    /// The period.
    pub index: usize,
    /// The name.
    pub text: String,
}

/// The periods of a report, in order of time.
#[derive(Debug)]
pub struct Calendar {
    windows: Vec<Window>,
    labels: Vec<String>,
    civil: Vec<Option<Civil>>,
}

const WEEK_MICROSECONDS: i64 = 7 * 86_400_000_000;

/// An hour less or more: a week in which the clocks change.
const CLOCK_CHANGE: i64 = 3_600_000_000;

impl Calendar {
    /// The periods with their labels.
    pub fn new(windows: &[Window], labels: &[String]) -> Self {
        let civil = labels.iter().map(|label| Civil::parse(label)).collect();
        Self { windows: windows.to_vec(), labels: labels.to_vec(), civil }
    }

    /// How many periods there are.
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// The position of a period.
    pub fn position(&self, window: Window) -> Option<usize> {
        self.windows.iter().position(|known| *known == window)
    }

    /// A period in a sentence: `July 2013`, `1 July 2013`, `the week of 1 July 2013`.
    pub fn long(&self, index: usize) -> String {
        let (Some(label), Some(window)) = (self.labels.get(index), self.windows.get(index)) else {
            return "?".to_owned();
        };
        let Some(civil) = self.civil[index] else { return label.clone() };
        let month = format!("{} {}", civil.month_name(), civil.year);
        let is_week = (window.end.0 - window.start.0 - WEEK_MICROSECONDS).abs() <= CLOCK_CHANGE;
        match (civil.day, civil.hour) {
            (None, _) => month,
            (Some(day), None) if is_week => format!("the week of {day} {month}"),
            (Some(day), None) => format!("{day} {month}"),
            (Some(day), Some(hour)) => format!("{day} {month}, {hour}h"),
        }
    }

    /// A period with its preposition: `in July 2013`, `on 1 July 2013`, `in the week of 1 July 2013`.
    pub fn within(&self, index: usize) -> String {
        let text = self.long(index);
        let is_date = text.starts_with(|letter: char| letter.is_ascii_digit());
        format!("{} {text}", if is_date { "on" } else { "in" })
    }

    /// A period in a sentence.
    pub fn long_of(&self, window: Window) -> String {
        self.position(window).map_or_else(|| "?".to_owned(), |index| self.long(index))
    }

    /// A period with its preposition.
    pub fn within_of(&self, window: Window) -> String {
        self.position(window).map_or_else(|| "in ?".to_owned(), |index| self.within(index))
    }

    /// A period in a cell: `Jul`, `1 Jul`, `14h`.
    pub fn short(&self, index: usize) -> String {
        match self.civil.get(index).copied().flatten() {
            Some(Civil { hour: Some(hour), .. }) => format!("{hour}h"),
            Some(civil @ Civil { day: Some(day), .. }) => format!("{day} {}", &civil.month_name()[..3]),
            Some(civil) => civil.month_name()[..3].to_owned(),
            None => self.labels.get(index).cloned().unwrap_or_default(),
        }
    }

    /// The whole time, such as `February 2013 to December 2013`.
    pub fn span(&self) -> String {
        match self.len() {
            0 => "no period".to_owned(),
            1 => self.long(0),
            length => format!("{} to {}", self.long(0), self.long(length - 1)),
        }
    }

    /// What one period is called.
    pub fn unit(&self) -> &'static str {
        let Some(window) = self.windows.first() else { return "period" };
        let hours = (window.end.0 - window.start.0) as f64 / 3.6e9;
        match hours {
            hours if hours < 22.0 => "period",
            hours if hours < 26.0 => "day",
            hours if (167.0..=169.0).contains(&hours) => "week",
            hours if hours > 600.0 => "month",
            _ => "period",
        }
    }

    /// At most `most` names along an axis: every period where there is room, else the starts of days, months, quarters
    /// or years, whichever come first to fit.
    pub fn ticks(&self, most: usize) -> Vec<Tick> {
        if self.len() <= most {
            return (0..self.len()).map(|index| Tick { index, text: self.edge_text(index, 0) }).collect();
        }
        let Some(civil) = self.civil.iter().copied().collect::<Option<Vec<Civil>>>() else { return self.every(most) };
        let key = |level: usize, at: &Civil| match level {
            1 => (at.year, at.month, at.day.unwrap_or(0)),
            2 => (at.year, at.month, 0),
            3 => (at.year, (at.month - 1) / 3, 0),
            _ => (at.year, 0, 0),
        };
        for level in 1..=4 {
            let starts: Vec<usize> =
                (1..civil.len()).filter(|&at| key(level, &civil[at]) != key(level, &civil[at - 1])).collect();
            // Two names tell a direction; fewer tell nothing, so a finer level with gaps is better.
            if (2..=most).contains(&starts.len()) {
                return starts.into_iter().map(|index| Tick { index, text: self.edge_text(index, level) }).collect();
            }
        }
        self.every(most)
    }

    fn every(&self, most: usize) -> Vec<Tick> {
        let step = self.len().div_ceil(most.max(1)).max(1);
        (0..self.len()).step_by(step).map(|index| Tick { index, text: self.short(index) }).collect()
    }

    fn edge_text(&self, index: usize, level: usize) -> String {
        match self.civil.get(index).copied().flatten() {
            Some(civil) if level == 4 => civil.year.to_string(),
            Some(civil) if (2..=3).contains(&level) || civil.day.is_none() => match civil.month {
                1 if index > 0 => civil.year.to_string(),
                _ => civil.month_name()[..3].to_owned(),
            },
            Some(civil @ Civil { day: Some(day), .. }) if level == 1 => {
                format!("{day} {}", &civil.month_name()[..3])
            }
            _ => self.short(index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quiver_event::time::Timestamp;

    fn calendar(labels: &[&str], days: i64) -> Calendar {
        let length = days * 86_400_000_000;
        let windows = (0..labels.len() as i64)
            .map(|index| Window { start: Timestamp(index * length), end: Timestamp((index + 1) * length) });
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        Calendar::new(&windows.collect::<Vec<_>>(), &labels)
    }

    #[test]
    fn months_and_weeks_have_names() {
        assert_eq!(calendar(&["2013-07"], 31).long(0), "July 2013");
        assert_eq!(calendar(&["2013-07-01"], 7).within(0), "in the week of 1 July 2013");
        assert_eq!(calendar(&["2013-07-01"], 1).within(0), "on 1 July 2013");
        assert_eq!(calendar(&["2013-07-01 14h"], 1).long(0), "1 July 2013, 14h");
        assert_eq!(calendar(&["nonsense"], 1).short(0), "nonsense");
    }

    #[test]
    fn an_axis_names_what_has_room() {
        let texts = |calendar: &Calendar, most| {
            calendar.ticks(most).into_iter().map(|tick| format!("{} {}", tick.index, tick.text)).collect::<Vec<_>>()
        };
        assert_eq!(texts(&calendar(&["2013-12", "2014-01"], 31), 5), ["0 Dec", "1 2014"]);
        let weeks = calendar(&["2013-01-28", "2013-02-04", "2013-02-25", "2013-03-04", "2013-03-11"], 7);
        assert_eq!(texts(&weeks, 3), ["1 Feb", "3 Mar"]);
        assert_eq!(texts(&calendar(&["a", "b", "c", "d"], 1), 2), ["0 a", "2 c"]);
    }
}
