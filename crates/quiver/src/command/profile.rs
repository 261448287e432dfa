//! `quiver profile`: summarises the columns of data.

use super::compare::frozen_profile;
use super::data::{DataSet, note_rejected, threads};
use super::{Context, Outcome, print, write_file};
use crate::cli::ProfileArgs;
use crate::show::columns::summary_table;
use anyhow::Result;
use std::collections::BTreeMap;

/// Runs `quiver profile`.
pub fn run(args: &ProfileArgs, context: Context) -> Result<Outcome> {
    let data = DataSet::open(&args.data, &args.columns)?;
    let threads = threads(args.threads);
    let profile = if args.freeze {
        frozen_profile(&data, threads, "profiling", context)?.0
    } else {
        let profiled = data.profile(&BTreeMap::new(), threads, "profiling", context)?;
        note_rejected(&profiled.rejected, context);
        profiled.profile
    };
    for (name, data_type) in &data.skipped {
        context.note(&format!("{name}: skipped, columns of type {data_type} have no profile"));
    }
    if let Some(path) = &args.output {
        write_file(path, &profile.to_bytes())?;
    }
    // The order of the file, not of the alphabet: that is the order in which its owner thinks.
    let summaries: Vec<_> = data.plan.columns.iter().filter_map(|column| profile.summary(&column.name)).collect();
    if args.json {
        let document = serde_json::json!({ "rows": profile.rows(), "columns": summaries });
        print(&serde_json::to_string_pretty(&document)?)?;
    } else {
        print(&summary_table(profile.rows(), &summaries))?;
    }
    Ok(Outcome::Passed)
}
