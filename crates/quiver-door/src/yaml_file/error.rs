//! The mistakes of a YAML file with their places, and how they are shown; finds none itself.

use super::parse::Place;

/// One mistake in a YAML file, or in what overrides it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    /// The file as the caller named it; or the variable or option that the value came from.
    pub file: String,
    /// The line, from 1; 0 where the file as a whole or an override is meant.
    pub line: usize,
    /// The column in characters, from 1; 0 where there is no line.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What was expected there, or what to do.
    pub expected: String,
    /// The nearest valid word, where one is near.
    pub nearest: Option<String>,
}

impl YamlError {
    pub(crate) fn at(file: &str, place: Place, message: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: place.line,
            column: place.column,
            message: message.into(),
            expected: expected.into(),
            nearest: None,
        }
    }

    /// A mistake of a file as a whole, or of what overrides it.
    pub fn whole(file: &str, message: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::at(file, Place { line: 0, column: 0 }, message, expected)
    }

    /// With the nearest valid word.
    pub fn near(mut self, nearest: Option<String>) -> Self {
        self.nearest = nearest;
        self
    }

    /// The message, the line of `source` it speaks of, and a caret under the place.
    pub fn render(&self, source: &str) -> String {
        let Some(line) = self.line.checked_sub(1).and_then(|index| source.lines().nth(index)) else {
            return self.to_string();
        };
        // A long line is cut around the place, so that the caret stays on the screen.
        let letters: Vec<char> = line.chars().map(|letter| if letter == '\t' { ' ' } else { letter }).collect();
        let column = self.column.clamp(1, letters.len() + 1) - 1;
        let from = column.saturating_sub(80);
        let shown: String = letters.iter().skip(from).take(120).collect();
        let number = self.line.to_string();
        let blank = " ".repeat(number.len());
        let caret = " ".repeat(column - from);
        format!("{self}\n{blank} |\n{number} | {shown}\n{blank} | {caret}^")
    }
}

impl std::fmt::Display for YamlError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: ", self.file)?,
            line => write!(formatter, "{}:{line}:{}: ", self.file, self.column)?,
        }
        formatter.write_str(&self.message)?;
        if !self.expected.is_empty() {
            write!(formatter, " — expected {}", self.expected)?;
        }
        match &self.nearest {
            Some(nearest) => write!(formatter, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for YamlError {}

/// Every mistake of one YAML file, in the order of its lines; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlErrors {
    /// The mistakes.
    pub errors: Vec<YamlError>,
    /// The file's text, for the rendering; empty where it could not be read.
    pub source: String,
}

impl YamlErrors {
    /// Sorted, each once, and no more than a person reads.
    pub fn of(mut errors: Vec<YamlError>, source: &str) -> Self {
        errors.sort_by(|left, right| {
            (left.line, left.column, &left.message).cmp(&(right.line, right.column, &right.message))
        });
        errors.dedup_by(|later, first| {
            (later.line, later.column, &later.message) == (first.line, first.column, &first.message)
        });
        errors.truncate(crate::limits::MAX_YAML_ERRORS);
        Self { errors, source: source.to_owned() }
    }

    /// All mistakes, each with its source line and a caret.
    pub fn render(&self) -> String {
        let blocks: Vec<String> = self.errors.iter().map(|error| error.render(&self.source)).collect();
        blocks.join("\n\n")
    }
}

impl std::fmt::Display for YamlErrors {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for YamlErrors {}

/// A text short enough for a message.
pub(crate) fn shorten(text: &str) -> String {
    const LETTERS: usize = 60;
    if text.chars().count() <= LETTERS {
        return text.to_owned();
    }
    text.chars().take(LETTERS).chain(['…']).collect()
}
