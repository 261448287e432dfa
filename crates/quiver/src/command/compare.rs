//! `quiver compare`: two data sets, column by column.

use super::data::{DataSet, known_columns, note_rejected, threads};
use super::{Context, Outcome, print, write_file};
use crate::cli::{CompareArgs, ConventionChoice};
use crate::show::comparison::{Comparison, comparison_table};
use crate::show::html;
use anyhow::{Context as _, Result, bail};
use quiver_judge::comparison::compare_column;
use quiver_judge::distance::Measure;
use quiver_judge::finding::Verdict;
use quiver_profile::{Edges, FreezeOptions, Profile};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The PSI from which a shift is worth a look.
const PSI_LIMIT: f64 = 0.2;

/// Runs `quiver compare`.
pub fn run(args: &CompareArgs, context: Context) -> Result<Outcome> {
    if args.convention != ConventionChoice::Quiver {
        return super::peers::run(args, context);
    }
    let threads = threads(args.threads);
    let (reference, order) = reference_profile(args, threads, context)?;
    let current = current_profile(args, &reference, threads, context)?;
    let mut columns = Vec::new();
    for name in &order {
        let Some(before) = reference.column(name) else { continue };
        let Some(after) = current.column(name) else { continue };
        let compared =
            compare_column(name, before, after, Measure::Psi, PSI_LIMIT).with_context(|| format!("column `{name}`"))?;
        columns.push(compared);
    }
    let missing: Vec<String> = order.iter().filter(|name| current.column(name).is_none()).cloned().collect();
    let is_new = |name: &String| reference.column(name).is_none() && is_wanted(args, name);
    let added: Vec<String> = current.columns().map(|(name, _)| name.to_owned()).filter(is_new).collect();
    let comparison = Comparison {
        reference: args.reference.display().to_string(),
        current: args.current.display().to_string(),
        reference_rows: reference.rows(),
        current_rows: current.rows(),
        columns,
        missing,
        added,
    };
    if let Some(path) = &args.html {
        write_file(path, html::comparison(&comparison)?.as_bytes())?;
        context.note(&format!("wrote {}", path.display()));
    }
    if args.json {
        print(&serde_json::to_string_pretty(&comparison)?)?;
    } else {
        print(&comparison_table(&comparison))?;
    }
    let drifted = comparison.columns.iter().any(|column| column.verdict == Verdict::Drifted);
    let changed = drifted || !comparison.missing.is_empty();
    Ok(if args.fail_on_drift && changed { Outcome::CheckFailed } else { Outcome::Passed })
}

/// Whether a column is to be compared: all are when none is named.
fn is_wanted(args: &CompareArgs, name: &str) -> bool {
    args.columns.is_empty() || args.columns.iter().any(|column| column == name)
}

/// The reference on its own frozen edges, and the order of its columns.
fn reference_profile(args: &CompareArgs, threads: usize, context: Context) -> Result<(Profile, Vec<String>)> {
    if let Some(profile) = profile_file(&args.reference)? {
        let names: Vec<&str> = profile.columns().map(|(name, _)| name).collect();
        known_columns(&args.reference, &names, &args.columns)?;
        let order = names.into_iter().filter(|name| is_wanted(args, name)).map(str::to_owned).collect();
        // A profile that was counted on its own edges already is a reference; another one only holds what freezes them.
        if profile.columns().any(|(_, column)| column.edges().is_some()) {
            return Ok((profile, order));
        }
        bail!(
            "{} was profiled without edges: write the reference with `quiver profile DATA --freeze --output FILE`",
            args.reference.display()
        );
    }
    let data = DataSet::open(std::slice::from_ref(&args.reference), &args.columns)?;
    let order = data.plan.columns.iter().map(|column| column.name.clone()).collect();
    let (frozen, _) = frozen_profile(&data, threads, "reference", context)?;
    Ok((frozen, order))
}

/// Profiles data twice: once to freeze its edges, once to count it on them.
pub fn frozen_profile(
    data: &DataSet,
    threads: usize,
    label: &str,
    context: Context,
) -> Result<(Profile, BTreeMap<String, Arc<Edges>>)> {
    let first = data.profile(&BTreeMap::new(), threads, &format!("{label}, 1 of 2"), context)?;
    note_rejected(&first.rejected, context);
    let edges = first.profile.freeze(&FreezeOptions::default());
    let second = data.profile(&edges, threads, &format!("{label}, 2 of 2"), context)?;
    Ok((second.profile, edges))
}

fn current_profile(args: &CompareArgs, reference: &Profile, threads: usize, context: Context) -> Result<Profile> {
    if let Some(profile) = profile_file(&args.current)? {
        return Ok(profile);
    }
    let edges: BTreeMap<String, Arc<Edges>> =
        reference.columns().filter_map(|(name, column)| Some((name.to_owned(), Arc::clone(column.edges()?)))).collect();
    let mut data = DataSet::open(std::slice::from_ref(&args.current), &[])?;
    let schema = data.readers()[0].schema().clone();
    for column in &mut data.plan.columns {
        // A column whose type changed (integers to floats, say) is still compared as what the reference says it is.
        if let Some(before) = reference.column(&column.name) {
            let found = schema.field_with_name(&column.column).map(|field| field.data_type().clone())?;
            if column.kind != before.kind() && !before.kind().accepts(&found) {
                bail!(
                    "column `{}` is a {} in {} and of type {found} in {}",
                    column.name,
                    before.kind(),
                    args.reference.display(),
                    args.current.display()
                );
            }
            column.kind = before.kind();
            column.disclosure = before.disclosure();
        }
    }
    if !args.columns.is_empty() {
        data.plan.columns.retain(|column| args.columns.contains(&column.name));
    }
    let profiled = data.profile(&edges, threads, "current", context)?;
    note_rejected(&profiled.rejected, context);
    Ok(profiled.profile)
}

/// A profile file, when the file is one.
fn profile_file(path: &Path) -> Result<Option<Profile>> {
    use std::io::Read;
    let mut magic = Vec::new();
    // What cannot be opened is no profile; the reader of tables says what is wrong with it.
    let Ok(file) = std::fs::File::open(path) else { return Ok(None) };
    if file.take(4).read_to_end(&mut magic).is_err() || magic != *b"QVRP" {
        return Ok(None);
    }
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let profile = Profile::from_bytes(&bytes).with_context(|| format!("{} is damaged", path.display()))?;
    Ok(Some(profile))
}
