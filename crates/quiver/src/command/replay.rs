//! `quiver replay`: puts a log through the durable path; what was interrupted goes on where it stopped.

use super::{Context, Outcome, block_on, now, print};
use crate::cli::ReplayArgs;
use crate::show::number::count;
use crate::show::progress::Progress;
use anyhow::{Context as _, Result, bail};
use quiver_door::decode::ndjson::EventReader;
use quiver_door::decode::rejected::Rejections;
use quiver_door::decode::table::TableMapping;
use quiver_door::decode::table_file::{ReadOptions, TableReader, Typing, open_table_as};
use quiver_door::detect::Detectors;
use quiver_door::redact::Cleaner;
use quiver_door::spec_file::read_spec;
use quiver_event::batch::EventBatch;
use quiver_event::event::Kind;
use quiver_event::spec::Spec;
use quiver_server::pipeline::{Derived, Pipeline, Sourced};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// A log of one model: event lines, or tables that the spec's `columns` map to events.
pub struct Events<'a> {
    spec: &'a Spec,
    sources: Vec<Source>,
}

enum Source {
    Table { reader: Box<TableReader>, mapping: Box<TableMapping> },
    Lines { path: PathBuf, fingerprint: String },
}

/// What was read of a log.
#[derive(Debug, Default)]
pub struct Read {
    /// Events of any kind accepted.
    pub events: u64,
    /// Predictions among them.
    pub rows: u64,
    /// Rows kept out, by reason.
    pub rejected: BTreeMap<PathBuf, Rejections>,
    /// Keys of event lines that the spec does not declare, with how often they were dropped.
    pub undeclared: BTreeMap<String, u64>,
}

impl Read {
    /// Fails with the reasons when every row was kept out.
    pub fn refuse_if_useless(&self) -> Result<()> {
        let reasons: Vec<String> =
            self.rejected.iter().flat_map(|(path, rejected)| super::data::rejected_lines(path, rejected)).collect();
        if self.events == 0 && !reasons.is_empty() {
            bail!("no row could be used\n{}", reasons.join("\n"));
        }
        Ok(())
    }
}

/// A stretch of a source: its events, and its place.
pub struct Stretch<'a> {
    /// The source's name for good.
    pub fingerprint: &'a str,
    /// Rows or bytes of the source before this stretch.
    pub start: u64,
    /// Rows or bytes of the source after it.
    pub end: u64,
    /// The events.
    pub batches: Vec<EventBatch>,
}

impl<'a> Events<'a> {
    /// Opens the files and checks that the spec can read each of them.
    pub fn open(paths: &[PathBuf], spec: &'a Spec) -> Result<Self> {
        let sources = paths.iter().map(|path| Source::open(path, spec)).collect::<Result<_>>()?;
        Ok(Self { spec, sources })
    }

    /// Whether all files are tables, in which a label stands in the row of its prediction.
    pub fn are_tables(&self) -> bool {
        self.sources.iter().all(|source| matches!(source, Source::Table { .. }))
    }

    /// Gives every stretch of events to `take`.
    pub fn each(
        &self,
        label: &str,
        context: Context,
        mut take: impl FnMut(&[EventBatch]) -> Result<()>,
    ) -> Result<Read> {
        self.stretches(label, context, |stretch| take(&stretch.batches))
    }

    /// Gives every stretch of events with its place to `take`.
    pub fn stretches(
        &self,
        label: &str,
        context: Context,
        mut take: impl FnMut(Stretch<'_>) -> Result<()>,
    ) -> Result<Read> {
        let mut read = Read::default();
        for source in &self.sources {
            match source {
                Source::Table { reader, mapping } => {
                    read_table(reader, mapping, label, context, &mut read, &mut take)?;
                }
                Source::Lines { path, fingerprint } => {
                    self.read_lines(path, fingerprint, label, context, &mut read, &mut take)?;
                }
            }
        }
        Ok(read)
    }

    fn read_lines(
        &self,
        path: &Path,
        fingerprint: &str,
        label: &str,
        context: Context,
        read: &mut Read,
        take: &mut dyn FnMut(Stretch<'_>) -> Result<()>,
    ) -> Result<()> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let progress = Progress::start(label, file.metadata().ok().map(|found| found.len()), context.quiet);
        let mut reader = EventReader::new(self.spec, BufReader::with_capacity(1 << 20, file));
        // An id that Quiver makes names the place in the file, so that reading the file again gives the same id.
        let mut made = 0_u64;
        let mut make_id = || {
            made += 1;
            format!("{fingerprint}-{made}")
        };
        let mut start = 0;
        while let Some(batches) = reader.next_batches(&mut make_id)? {
            let end = reader.bytes();
            progress.advance(end - start);
            read.rows += predictions(&batches);
            read.events += all_rows(&batches);
            take(Stretch { fingerprint, start, end, batches })?;
            start = end;
        }
        if !reader.rejected().is_empty() {
            read.rejected.insert(path.to_owned(), reader.rejected().clone());
        }
        for (key, dropped) in &reader.undeclared().paths {
            *read.undeclared.entry(key.clone()).or_default() += dropped;
        }
        Ok(())
    }
}

fn read_table(
    reader: &TableReader,
    mapping: &TableMapping,
    label: &str,
    context: Context,
    read: &mut Read,
    take: &mut dyn FnMut(Stretch<'_>) -> Result<()>,
) -> Result<()> {
    let progress = Progress::start(label, reader.total_rows(), context.quiet);
    let options = ReadOptions { columns: Some(mapping.columns()), ..ReadOptions::default() };
    let mut batches = reader.batches(&options)?;
    let mut rejected = Rejections::default();
    for batch in batches.by_ref() {
        let batch = batch?;
        let mapped = mapping.map(&batch.rows, batch.first_row)?;
        rejected.merge(&mapped.rejected);
        let mut events = mapped.predictions;
        events.extend(mapped.feedback);
        let rows = batch.rows.num_rows() as u64;
        progress.advance(rows);
        read.rows += predictions(&events);
        read.events += all_rows(&events);
        let (start, end) = (batch.first_row, batch.first_row + rows);
        take(Stretch { fingerprint: reader.fingerprint(), start, end, batches: events })?;
    }
    rejected.merge(batches.rejected());
    if !rejected.is_empty() {
        read.rejected.insert(reader.path().to_owned(), rejected);
    }
    Ok(())
}

fn all_rows(batches: &[EventBatch]) -> u64 {
    batches.iter().map(|batch| batch.rows.num_rows() as u64).sum()
}

fn predictions(batches: &[EventBatch]) -> u64 {
    let rows = batches.iter().filter(|batch| batch.kind == Kind::Prediction).map(|batch| batch.rows.num_rows() as u64);
    rows.sum()
}

impl Source {
    fn open(path: &Path, spec: &Spec) -> Result<Self> {
        // Text is mapped from text, so that a value of the wrong type is named as such and not lost to a guessed type.
        let reader = open_table_as(path, Typing::Text);
        let reader = reader?;
        if holds_events(path) {
            return Ok(Self::Lines { path: path.to_owned(), fingerprint: reader.fingerprint().to_owned() });
        }
        let mapping = TableMapping::new(spec, reader.schema(), reader.fingerprint())
            .with_context(|| format!("{} does not fit the spec", path.display()))?;
        Ok(Self::Table { reader: Box::new(reader), mapping: Box::new(mapping) })
    }
}

/// Whether the first line of a file is an event of Quiver's own format.
fn holds_events(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let mut line = Vec::new();
    let read = BufReader::new(std::io::Read::take(file, 1 << 20)).read_until(b'\n', &mut line);
    let first: Option<serde_json::Value> = read.ok().and_then(|_| serde_json::from_slice(&line).ok());
    first.is_some_and(|value| value.get("kind").is_some() && value.get("model").is_some())
}

/// Runs `quiver replay`.
pub fn run(args: &ReplayArgs, context: Context) -> Result<Outcome> {
    let text = std::fs::read_to_string(&args.spec).unwrap_or_default();
    let spec = read_spec(&args.spec).map_err(|errors| anyhow::anyhow!("{}", errors.render()))?;
    if let Some(file) = spec.reference.as_ref().and_then(|reference| reference.file.as_ref()) {
        bail!(
            "the spec's reference is the file {file}, which `quiver check` reads; a data folder needs a period (from, to) \
             or a version whose events it holds: replay that file too and name its period"
        );
    }
    let replayed = replay(&args.data, &spec, &text, &args.data_folder, context)?;
    context.note(&replayed.stage_words());
    print(&format!(
        "{}: {} predictions read, {} new events in {}, {} findings\nnext: quiver report {} --data-folder {}",
        spec.model,
        count(replayed.predictions),
        count(replayed.new_events),
        args.data_folder.display(),
        count(replayed.findings),
        spec.model,
        args.data_folder.display(),
    ))?;
    Ok(Outcome::Passed)
}

/// What a replay did.
#[derive(Debug, Clone)]
pub struct Replayed {
    /// Predictions read from the sources.
    pub predictions: u64,
    /// Events that the tables did not hold before.
    pub new_events: u64,
    /// Findings written.
    pub findings: u64,
    /// Seconds spent in each stage.
    pub stages: Vec<(&'static str, f64)>,
}

impl Replayed {
    /// Where the time went, in words.
    pub fn stage_words(&self) -> String {
        let words: Vec<String> = self.stages.iter().map(|(name, seconds)| format!("{name} {seconds:.1} s")).collect();
        words.join(" · ")
    }
}

/// Puts a log through journal, segments, profiles, outcomes and findings.
pub fn replay(data: &[PathBuf], spec: &Spec, text: &str, folder: &Path, context: Context) -> Result<Replayed> {
    let events = Events::open(data, spec)?;
    block_on(async {
        let started = Instant::now();
        let fresh_epoch = uuid::Uuid::now_v7();
        let (mut pipeline, recovery) = Pipeline::open(folder, spec.clone(), text, fresh_epoch, now()).await?;
        if let Some(torn) = &recovery.torn_tail {
            context.note(&format!("journal: a torn tail of {} bytes was cut (never acknowledged)", torn.length_bytes));
        }
        for damage in &recovery.damages {
            context.note(&format!("journal: damage in {}: {}", damage.path.display(), damage.reason));
        }
        let keys = quiver_server::subject_keys::open(folder, super::random())?;
        let cleaner = Cleaner::new(spec, Arc::new(keys), Arc::new(Detectors::new()?));
        let read = ingest(&events, &mut pipeline, &cleaner, context)?;
        read.refuse_if_useless()?;
        note_mapping(&events, &read, context);
        let mut stages = vec![("read into the journal", started.elapsed().as_secs_f64())];
        let stage = |label: &str| (Progress::start(label, None, context.quiet), Instant::now());
        let (progress, begun) = stage("journal → segments");
        let flushed = pipeline.flush(&|rows| progress.advance(rows)).await?;
        stages.push(("segments", begun.elapsed().as_secs_f64()));
        drop(progress);
        let (progress, begun) = stage("segments → profiles");
        let output = pipeline.begin(Derived::Profiles).await?;
        pipeline.profile(&output, &|rows| progress.advance(rows)).await?;
        output.commit().await?;
        stages.push(("profiles", begun.elapsed().as_secs_f64()));
        drop(progress);
        let (progress, begun) = stage("predictions ⋈ feedback");
        let output = pipeline.begin(Derived::Outcomes).await?;
        pipeline.join(&output, &|rows| progress.advance(rows)).await?;
        output.commit().await?;
        stages.push(("outcomes", begun.elapsed().as_secs_f64()));
        drop(progress);
        let (progress, begun) = stage("judging");
        let output = pipeline.begin(Derived::Findings).await?;
        let findings = pipeline.judge(&output).await?;
        output.commit().await?;
        stages.push(("findings", begun.elapsed().as_secs_f64()));
        drop(progress);
        Ok(Replayed { predictions: read.rows, new_events: flushed.rows, findings, stages })
    })
}

/// Appends what the journal does not hold yet.
fn ingest(events: &Events<'_>, pipeline: &mut Pipeline, cleaner: &Cleaner, context: Context) -> Result<Read> {
    let mut positions: BTreeMap<(String, String), u64> = BTreeMap::new();
    let handle = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let read = events.stretches("events → journal", context, |stretch| {
            for batch in &stretch.batches {
                let part = part_of(batch);
                let known = (stretch.fingerprint.to_owned(), part.clone());
                let position = match positions.get(&known) {
                    Some(position) => *position,
                    None => {
                        let position = handle.block_on(pipeline.position(stretch.fingerprint, &part))?;
                        *positions.entry(known).or_insert(position)
                    }
                };
                if position >= stretch.end {
                    continue;
                }
                if position > stretch.start {
                    bail!(
                        "an earlier replay of this source stopped inside a stretch that this version of Quiver cuts \
                         differently; finish it with that version, or start a new data folder"
                    );
                }
                let (cleaned, _) = cleaner.clean(batch)?;
                let from = Sourced { source: stretch.fingerprint, part: &part, position: stretch.end };
                pipeline.append(&cleaned, from, now())?;
            }
            Ok(pipeline.acknowledge()?)
        })?;
        Ok(read)
    })
}

/// The part of a source that a batch is: each is appended apart, so each has a position of its own.
fn part_of(batch: &EventBatch) -> String {
    use arrow::array::{Array, AsArray};
    let arms = batch.rows.column_by_name(quiver_event::batch::column::ARM);
    let arms = arms.and_then(|arms| arms.as_string_opt::<i32>()).filter(|arms| !arms.is_empty() && arms.is_valid(0));
    match arms {
        Some(arms) if batch.kind == Kind::Prediction => format!("{}/{}", batch.kind.name(), arms.value(0)),
        _ => batch.kind.name().to_owned(),
    }
}

/// Tells what was kept out and what was dropped.
pub fn note_mapping(events: &Events<'_>, read: &Read, context: Context) {
    let rejected: Vec<(PathBuf, Rejections)> =
        read.rejected.iter().map(|(path, rejected)| (path.clone(), rejected.clone())).collect();
    super::data::note_rejected(&rejected, context);
    for source in &events.sources {
        if let Source::Table { reader, mapping } = source
            && !mapping.undeclared().is_empty()
        {
            context.note(&format!(
                "{}: columns that the spec does not declare are dropped: {}",
                reader.path().display(),
                mapping.undeclared().join(", ")
            ));
        }
    }
    for (key, dropped) in read.undeclared.iter().take(20) {
        // A key may hold anything, and a note may end in a log.
        let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | ' ' | '…');
        let is_name = key.chars().all(plain) && !key.chars().any(|letter| letter.is_ascii_digit());
        let key = if is_name { key.as_str() } else { "…" };
        context.note(&format!("key `{key}` is not declared and was dropped {} times", count(*dropped)));
    }
}
