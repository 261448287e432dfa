//! Reading data for the commands: whole files into profiles, on several threads, with progress.

use super::Context;
use crate::show::number::count;
use crate::show::progress::Progress;
use anyhow::{Context as _, Result, bail};
use arrow::datatypes::Schema;
use quiver_door::decode::rejected::{Rejected, Rejections};
use quiver_door::decode::table_file::{ReadOptions, TableReader, Typing, open_tables};
use quiver_profile::{Edges, Plan, Profile};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Files of one data set, with the plan that fits all of them.
pub struct DataSet {
    readers: Vec<TableReader>,
    /// The plan inferred from the schema.
    pub plan: Plan,
    /// Columns that no kind fits, with their Arrow types.
    pub skipped: Vec<(String, String)>,
}

/// What was read, and what was kept out.
pub struct Profiled {
    /// The profile of all rows.
    pub profile: Profile,
    /// Rows kept out, by file and reason.
    pub rejected: Vec<(PathBuf, Rejections)>,
}

impl DataSet {
    /// Opens the files; `columns` restricts what is profiled, all when empty.
    pub fn open(paths: &[PathBuf], columns: &[String]) -> Result<Self> {
        let readers = open_tables(paths, Typing::Inferred)?;
        let first = readers.first().context("name at least one file")?;
        for reader in &readers[1..] {
            same_columns(first, reader)?;
        }
        let names: Vec<&str> = first.schema().fields().iter().map(|field| field.name().as_str()).collect();
        known_columns(first.path(), &names, columns)?;
        let wanted = |name: &String| columns.is_empty() || columns.contains(name);
        let fields: Vec<_> = first.schema().fields().iter().filter(|field| wanted(field.name())).cloned().collect();
        let inferred = Plan::infer(&Schema::new(fields));
        Ok(Self { readers, plan: inferred.plan, skipped: inferred.skipped })
    }

    /// The readers, one a file.
    pub fn readers(&self) -> &[TableReader] {
        &self.readers
    }

    /// Profiles all rows on frozen edges (none on a first pass).
    pub fn profile(
        &self,
        edges: &BTreeMap<String, Arc<Edges>>,
        threads: usize,
        label: &str,
        context: Context,
    ) -> Result<Profiled> {
        let plan = self.plan.clone().with_edges(edges);
        let total: Option<u64> = self.readers.iter().map(TableReader::total_rows).sum();
        let progress = Progress::start(label, total, context.quiet);
        let work = Mutex::new(self.work(threads).into_iter());
        let results = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| self.worker(&plan, &work, &progress))).collect();
            workers.into_iter().map(|worker| worker.join()).collect::<Vec<_>>()
        });
        let mut profile = Profile::new(&plan);
        let mut rejected: BTreeMap<PathBuf, Rejections> = BTreeMap::new();
        for result in results {
            let Ok(result) = result else { bail!("a reading thread failed; this is a defect of Quiver") };
            let (part, kept_out) = result?;
            profile.merge(&part)?;
            for (path, rejections) in kept_out {
                rejected.entry(path).or_default().merge(&rejections);
            }
        }
        rejected.retain(|_, rejections| !rejections.is_empty());
        Ok(Profiled { profile, rejected: rejected.into_iter().collect() })
    }

    /// Stretches of row groups: several for each thread, so that the last one does not keep the others waiting.
    fn work(&self, threads: usize) -> Vec<(usize, ReadOptions)> {
        let names: Vec<String> = self.plan.columns.iter().map(|column| column.column.clone()).collect();
        let mut work = Vec::new();
        for (index, reader) in self.readers.iter().enumerate() {
            let groups = reader.row_groups();
            let step = if threads == 1 { groups } else { groups.div_ceil(threads * 4) }.max(1);
            for start in (0..groups).step_by(step) {
                let row_groups = Some(start..(start + step).min(groups));
                work.push((index, ReadOptions { columns: Some(names.clone()), row_groups, batch_rows: None }));
            }
        }
        work
    }

    fn worker(
        &self,
        plan: &Plan,
        work: &Mutex<std::vec::IntoIter<(usize, ReadOptions)>>,
        progress: &Progress,
    ) -> Result<(Profile, Vec<(PathBuf, Rejections)>)> {
        let mut profile = Profile::new(plan);
        let mut rejected = Vec::new();
        loop {
            let next = work.lock().map_err(|_| anyhow::anyhow!("another reading thread failed"))?.next();
            let Some((index, options)) = next else { return Ok((profile, rejected)) };
            let reader = &self.readers[index];
            let mut batches = reader.batches(&options)?;
            for batch in batches.by_ref() {
                let batch = batch?;
                profile.update(&batch.rows)?;
                progress.advance(batch.rows.num_rows() as u64);
            }
            rejected.push((reader.path().to_owned(), batches.rejected().clone()));
        }
    }
}

/// Refuses a column that was asked for and is not there.
pub fn known_columns(path: &Path, names: &[&str], asked: &[String]) -> Result<()> {
    for column in asked {
        if !names.contains(&column.as_str()) {
            let nearest = quiver_event::spec::nearest_word(column, names.iter().copied());
            let hint = nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"));
            bail!("{} has no column `{column}`{hint}", path.display());
        }
    }
    Ok(())
}

/// Several files are one data set only when they hold the same columns.
fn same_columns(first: &TableReader, other: &TableReader) -> Result<()> {
    let names = |reader: &TableReader| -> Vec<String> {
        let mut names: Vec<String> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
        names.sort();
        names
    };
    let (left, right) = (names(first), names(other));
    if left == right {
        return Ok(());
    }
    let missing: Vec<&String> = left.iter().filter(|name| !right.contains(name)).collect();
    let added: Vec<&String> = right.iter().filter(|name| !left.contains(name)).collect();
    bail!(
        "{} and {} are not of one kind: missing in the second {missing:?}, only in the second {added:?}",
        first.path().display(),
        other.path().display()
    )
}

/// Tells on the error output what was kept out, with the first positions, never with content.
pub fn note_rejected(rejected: &[(PathBuf, Rejections)], context: Context) {
    for (path, rejections) in rejected {
        rejected_lines(path, rejections).iter().for_each(|line| context.note(line));
    }
}

/// What was kept out of one file, a line a reason.
pub fn rejected_lines(path: &Path, rejections: &Rejections) -> Vec<String> {
    let line = |(reason, rows): (&str, &Rejected)| {
        let examples: Vec<String> = rows.examples.iter().map(u64::to_string).collect();
        let number = count(rows.count);
        format!("{}: {number} rows kept out: {reason} (first at {})", path.display(), examples.join(", "))
    };
    rejections.iter().map(line).collect()
}

/// How many threads to use.
pub fn threads(asked: Option<std::num::NonZeroUsize>) -> usize {
    asked.or_else(|| std::thread::available_parallelism().ok()).map_or(1, std::num::NonZeroUsize::get)
}
