//! `quiver spec`: checks specs and prints the schema.

use super::{Context, Outcome, print};
use crate::cli::SpecCommand;
use crate::show::number::count;
use crate::show::paint::{bold, paint};
use anyhow::Result;
use quiver_door::spec_file::{read_spec, spec_schema};
use quiver_judge::finding::Verdict;
use std::path::{Path, PathBuf};

/// Runs `quiver spec`.
pub fn run(command: &SpecCommand, context: Context) -> Result<Outcome> {
    match command {
        SpecCommand::Check { files, data } => check(files, data, context),
        SpecCommand::Schema => {
            print(&serde_json::to_string_pretty(&spec_schema())?)?;
            Ok(Outcome::Passed)
        }
    }
}

fn check(files: &[PathBuf], data: &[PathBuf], context: Context) -> Result<Outcome> {
    let mut outcome = Outcome::Passed;
    for file in files {
        if !check_one(file, data, context)? {
            outcome = Outcome::CheckFailed;
        }
    }
    Ok(outcome)
}

fn check_one(file: &Path, data: &[PathBuf], context: Context) -> Result<bool> {
    let spec = match read_spec(file) {
        Ok(spec) => spec,
        Err(errors) => {
            print(&errors.render())?;
            let mistakes = errors.errors.len();
            let words = if mistakes == 1 { "mistake" } else { "mistakes" };
            print(&paint(Verdict::Broken, &format!("{}: {} {words}", file.display(), count(mistakes as u64))))?;
            return Ok(false);
        }
    };
    let mut good = true;
    if !data.is_empty() {
        for failure in super::check::reference_failures(&spec, data, context)? {
            good = false;
            print(&format!("{}: {failure}", file.display()))?;
        }
    }
    if good {
        let facts = format!(
            "{} features, {} quality targets, {} slices",
            count(spec.features.len() as u64),
            count(spec.quality.len() as u64),
            count(spec.slices.len() as u64)
        );
        print(&format!("{} {}: {facts}", paint(Verdict::Healthy, "good"), bold(&file.display().to_string())))?;
    }
    Ok(good)
}
