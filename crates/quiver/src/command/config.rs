//! `quiver config`: checks a server's config, and shows what it comes to and why.

use super::{Outcome, print};
use crate::cli::ConfigCommand;
use crate::show::number::count;
use crate::show::paint::{bold, paint};
use anyhow::Result;
use quiver_judge::finding::Verdict;
use quiver_server::config::{Setting, effective_config, overrides_of_environment, read_config, server_schema};
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Runs `quiver config`.
pub fn run(command: &ConfigCommand) -> Result<Outcome> {
    match command {
        ConfigCommand::Check { files } => check(files),
        ConfigCommand::Schema => {
            print(&serde_json::to_string_pretty(&server_schema())?)?;
            Ok(Outcome::Passed)
        }
        ConfigCommand::Show { config } => show(config.as_deref()),
    }
}

fn check(files: &[PathBuf]) -> Result<Outcome> {
    let mut outcome = Outcome::Passed;
    for file in files {
        match read_config(file) {
            Ok(config) => {
                let listeners: Vec<String> =
                    config.listeners().iter().map(|(_, address)| address.to_string()).collect();
                let name = bold(&file.display().to_string());
                let keys = match config.listeners().iter().all(|(_, address)| config.auth.keys.requires_key(*address)) {
                    true => "with keys",
                    false => "no keys on loopback",
                };
                let facts = format!("listens on {}, {keys}", listeners.join(", "));
                print(&format!("{} {name}: {facts}", paint(Verdict::Healthy, "good")))?;
            }
            Err(errors) => {
                outcome = Outcome::CheckFailed;
                print(&errors.render())?;
                let mistakes = errors.errors.len();
                let words = if mistakes == 1 { "mistake" } else { "mistakes" };
                print(&paint(Verdict::Broken, &format!("{}: {} {words}", file.display(), count(mistakes as u64))))?;
            }
        }
    }
    Ok(outcome)
}

fn show(file: Option<&Path>) -> Result<Outcome> {
    // A variable that is not Unicode cannot be one of ours.
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let effective = overrides_of_environment(variables).and_then(|overrides| effective_config(file, &overrides));
    match effective {
        Ok(effective) => {
            print(yaml(&effective.settings).trim_end())?;
            Ok(Outcome::Passed)
        }
        Err(errors) => {
            print(&errors.render())?;
            Ok(Outcome::CheckFailed)
        }
    }
}

/// The settings as YAML that can be read again, each with its source as a comment.
fn yaml(settings: &[Setting]) -> String {
    let mut lines: Vec<(String, String)> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    for setting in settings {
        let Some((last, sections)) = setting.keys.split_last() else { continue };
        let shared = open.iter().zip(sections).take_while(|(left, right)| **left == right.as_str()).count();
        open.truncate(shared);
        for section in &sections[shared..] {
            lines.push((format!("{}{section}:", "  ".repeat(open.len())), String::new()));
            open.push(section);
        }
        lines.push((
            format!("{}{last}: {}", "  ".repeat(open.len()), inline(&setting.value)),
            setting.source.to_string(),
        ));
    }
    // A long value keeps its comment beside it and does not push the others away.
    let width = lines.iter().map(|(text, _)| text.chars().count()).filter(|width| *width <= 48).max().unwrap_or(0);
    let mut page = String::new();
    for (text, source) in lines {
        // Writing to a string cannot fail.
        let _ = match source.is_empty() {
            true => writeln!(page, "{text}"),
            false => writeln!(page, "{text:<width$}  # {source}"),
        };
    }
    page
}

/// A value on one line; JSON is YAML too, so only plain words do without quotes.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        Value::Array(entries) => format!("[{}]", entries.iter().map(inline).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// Whether a text is the same text without quotes: it begins like a path, an address or a word, and holds nothing that
/// YAML reads otherwise. Words and numbers that YAML takes for something else are refused.
fn is_plain(text: &str) -> bool {
    let sound =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '/' | '.' | '_' | '-' | ':' | ' ' | '%');
    let word = !matches!(text.to_lowercase().as_str(), "null" | "true" | "false" | "yes" | "no" | "on");
    let begins = text.starts_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '/');
    let colons = !text.contains(": ") && !text.ends_with(':') && !text.contains("  ") && !text.ends_with(' ');
    let number = text.parse::<f64>().is_ok() || text.starts_with("0x") || text.starts_with("0o");
    begins && word && colons && !number && text.chars().all(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_reads_otherwise_stands_in_quotes() {
        for plain in ["quiver-data", "127.0.0.1:8600", "/var/lib/quiver", "20MiB", "5%", "500 per second", "off"] {
            assert!(is_plain(plain), "{plain}");
        }
        for quoted in ["", "1", "0x10", "1e3", "null", "a: b", "a:", "[::1]:8600", "*", "# a", "a #b", "-", "a ", "~"] {
            assert!(!is_plain(quoted), "{quoted}");
        }
        assert_eq!(inline(&serde_json::json!(["a", "*", 1])), r#"[a, "*", 1]"#);
    }
}
