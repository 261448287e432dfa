//! Colours and marks of the terminal; one place decides whether there are any.

use crate::cli::ColorWhen;
use anstyle::{AnsiColor, Style};
use quiver_judge::finding::Verdict;

/// Decides for the whole process whether colours are written; `auto` respects NO_COLOR and whether this is a terminal.
pub fn choose(when: ColorWhen) {
    match when {
        ColorWhen::Auto => {}
        ColorWhen::Always => anstream::ColorChoice::Always.write_global(),
        ColorWhen::Never => anstream::ColorChoice::Never.write_global(),
    }
}

/// The style of a verdict.
pub fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Broken => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
        Verdict::Drifted => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        Verdict::Healthy => Style::new().fg_color(Some(AnsiColor::Green.into())),
        _ => Style::new().dimmed(),
    }
}

/// The mark of a verdict; it tells the verdicts apart without colour too.
pub fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Broken => "✗",
        Verdict::Drifted => "~",
        Verdict::Healthy => "✓",
        Verdict::Unjudged => "·",
        Verdict::InsufficientSample => "?",
        Verdict::LabelsPending => "…",
        Verdict::NotObserved | Verdict::NoData => "–",
    }
}

/// Text in the style of a verdict.
pub fn paint(verdict: Verdict, text: &str) -> String {
    let style = style(verdict);
    format!("{style}{text}{style:#}")
}

/// Bold text.
pub fn bold(text: &str) -> String {
    let style = Style::new().bold();
    format!("{style}{text}{style:#}")
}

/// Dimmed text.
pub fn dim(text: &str) -> String {
    let style = Style::new().dimmed();
    format!("{style}{text}{style:#}")
}
