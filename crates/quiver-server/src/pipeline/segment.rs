//! Journal → segments: moves journaled rows into the model's tables, each table by its own offset, so that every row
//! is there once whatever was interrupted.

use super::{Pipeline, PipelineError, Workspace, payload};
use arrow::array::{Array, AsArray, Date32Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimestampMicrosecondType};
use futures::StreamExt;
use quiver_event::batch::{column, instant_type, schema_of};
use quiver_event::event::Kind;
use quiver_event::spec::Spec;
use quiver_event::time::Timestamp;
use quiver_store::catalogue::DEFAULT_WORKSPACE;
use quiver_store::data_folder::{ModelKey, TableName};
use quiver_store::table::{Appended, Progress, Table, TableOptions};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Rows taken from the journal for one commit: large enough for few files, small enough for a laptop's memory.
const ROWS_PER_COMMIT: u64 = 200_000;

/// Memory of the rows taken for one commit, whichever bound comes first: one row may hold a text of megabytes.
const BYTES_PER_COMMIT: u64 = 256 << 20;

/// Models whose rows are committed side by side: a commit waits for the disk most of its time.
const COMMITS_AT_ONCE: usize = 4;

/// What a flush did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Rows committed to tables.
    pub rows: u64,
    /// Commits made.
    pub commits: u64,
}

/// The table of each kind of event; heartbeats and changes share one.
pub fn table_name<'a>(kind: Kind, model: &'a str) -> TableName<'a> {
    let key = ModelKey::new(model);
    match kind {
        Kind::Prediction => TableName::Predictions(key),
        Kind::Feedback => TableName::Feedback(key),
        Kind::Heartbeat => TableName::Heartbeats(key),
        Kind::Change => TableName::Changes(key),
    }
}

/// The schema of a kind's table: the event's columns behind its place and its date.
pub(super) fn table_schema(kind: Kind, spec: &Spec) -> SchemaRef {
    let events = schema_of(kind, spec);
    let mut fields = vec![
        Field::new(column::OFFSET, DataType::Int64, false),
        Field::new(column::RECEIVED_AT, instant_type(), false),
        Field::new(column::EVENT_DATE, DataType::Date32, false),
    ];
    fields.extend(events.fields().iter().map(|field| field.as_ref().clone()));
    Arc::new(Schema::new(fields))
}

/// Delta, too, keeps statistics of a table's first 32 columns unless told otherwise; of thousands they cost more than
/// the rows.
const MOST_FEATURES_WITH_STATISTICS: usize = 28;

/// The columns whose statistics may be kept: Quiver's own, and public features.
fn statistics_columns(kind: Kind, spec: &Spec) -> Vec<String> {
    let mut columns = vec![column::OFFSET.to_owned(), column::AT.to_owned(), column::RECEIVED_AT.to_owned()];
    if kind == Kind::Prediction {
        columns.push(column::SCORE.to_owned());
        let public = spec.features.iter().filter(|(_, feature)| feature.is_public());
        // Statistics of nested columns help no reader to skip a file.
        columns.extend(
            public
                .filter(|(_, feature)| feature.kind != quiver_event::spec::FeatureType::Embedding)
                .take(MOST_FEATURES_WITH_STATISTICS)
                .map(|(name, _)| quiver_event::batch::feature_column(name)),
        );
    }
    columns
}

fn description(kind: Kind, model: &str) -> String {
    format!("Quiver: {} events of the model {model}, one row an event, ordered by journal offset", kind.name())
}

impl Pipeline {
    /// Opens (or makes) the table of one kind of this model's events.
    pub(super) async fn event_table(&self, kind: Kind) -> Result<Table, PipelineError> {
        let options = TableOptions {
            schema: table_schema(kind, &self.spec),
            partition_columns: vec![column::EVENT_DATE.to_owned()],
            description: description(kind, &self.spec.model),
            statistics_columns: statistics_columns(kind, &self.spec),
        };
        Ok(self.workspace.folder.open_table(table_name(kind, &self.spec.model), &options).await?)
    }

    /// Moves every journaled row of this model into its tables and cuts the journal below what all tables hold.
    ///
    /// `report` is told the number of rows as they are committed.
    pub async fn flush(&mut self, report: &(dyn Fn(u64) + Sync)) -> Result<Flushed, PipelineError> {
        let workspace = Arc::clone(&self.workspace);
        let (flushed, next, refused) = flush_rows(&workspace, &mut [&mut *self], report).await?;
        if let Some((_, error)) = refused.into_iter().next() {
            return Err(error);
        }
        let keep_from = next.max(0).min(self.lowest_needed_by_others().await?);
        workspace.journal().cut_below(keep_from as u64)?;
        Ok(flushed)
    }

    /// Opens the tables that are not open yet, and returns the offset from which on rows may be missing in one.
    pub(super) async fn open_tables(&mut self) -> Result<i64, PipelineError> {
        if self.tables.is_empty() {
            let application = self.journal_application();
            // All of them or none: half of them would pass for all.
            let mut tables = Vec::new();
            for kind in Kind::ALL {
                let table = self.event_table(kind).await?;
                let from = table.next_offset(&application).await?;
                // A journal that lost its newest rows would give their offsets again, and the tables would take the
                // new rows for repeats.
                let lost = self.workspace.journal().skip_to(from.unwrap_or(0).max(0) as u64)?;
                if lost > 0 {
                    self.workspace.note_lost(lost);
                    let model = &self.spec.model;
                    tracing::error!(
                        lost,
                        model,
                        "the journal lacks rows that the tables hold: acknowledged ones were lost in it"
                    );
                }
                tables.push(OpenTable { kind, table, from });
            }
            self.tables = tables;
            self.flushed_to = self.tables.iter().map(|open| open.from.unwrap_or(0)).min().unwrap_or(0);
        }
        Ok(self.flushed_to)
    }

    /// Commits rows that end before `next` to the tables that lack them.
    async fn commit_rows(
        &mut self,
        batches: &BTreeMap<Kind, Vec<RecordBatch>>,
        next: i64,
        report: &(dyn Fn(u64) + Sync),
    ) -> Result<Flushed, PipelineError> {
        let application_id = self.journal_application();
        let mut flushed = Flushed::default();
        for open in &mut self.tables {
            let rows = open.rows_from(batches.get(&open.kind).map_or(&[][..], Vec::as_slice))?;
            let count: u64 = rows.iter().map(|rows| rows.num_rows() as u64).sum();
            // A table without new rows keeps its offset: nothing below the next one is missing in it.
            if count > 0 && open.from.is_none_or(|from| from < next) {
                let application_id = application_id.clone();
                let progress = Progress { application_id, expected_previous: open.from, next_offset: next };
                if let Appended::Committed { .. } = open.table.append(rows, &progress).await? {
                    flushed.rows += count;
                    flushed.commits += 1;
                }
                open.from = Some(next);
            }
            report(count);
        }
        self.changed |= flushed.commits > 0;
        Ok(flushed)
    }

    /// The first journaled row of another model that its tables do not hold yet: a replay of it was interrupted.
    async fn lowest_needed_by_others(&self) -> Result<i64, PipelineError> {
        let application = self.journal_application();
        let mut held: BTreeMap<(String, Kind), i64> = BTreeMap::new();
        for frame in self.workspace.frames_from(0)? {
            let frame = frame?;
            let Some((model, kind)) = frame.stream.rsplit_once('/') else { continue };
            let Some(kind) = kind_of(kind).filter(|_| model != self.spec.model) else { continue };
            let key = (model.to_owned(), kind);
            if !held.contains_key(&key) {
                let path = self.workspace.folder.table_path(table_name(kind, model));
                let next = match Table::open(quiver_store::table::local_url(&path)?).await? {
                    Some(table) => table.next_offset(&application).await?.unwrap_or(0),
                    None => 0,
                };
                held.insert(key.clone(), next);
            }
            if held.get(&key).is_some_and(|next| *next < frame.next_offset() as i64) {
                return Ok(frame.first_offset as i64);
            }
        }
        Ok(i64::MAX)
    }

    /// Keeps in the catalogue how far each source was read, before the journal that knows it is cut.
    async fn remember_producers(&mut self) -> Result<(), PipelineError> {
        for producer in std::mem::take(&mut self.touched_producers) {
            let position = self.workspace.journal().producer_position(&producer);
            if let Some(position) = position {
                self.workspace.catalogue.put_producer(DEFAULT_WORKSPACE, &producer, position as i64).await?;
            }
        }
        Ok(())
    }
}

fn kind_of(name: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.name() == name)
}

/// Moves every journaled row of these models into their tables, and cuts the journal below `keep_from` or what the
/// tables lack, whichever is lower. Every model of the folder must be among them, or `keep_from` be 0: rows of others
/// are cut unseen. Where the tables of a model refuse, its rows stay in the journal, and the other models go on.
pub async fn flush(
    workspace: &Workspace,
    pipelines: &mut [&mut Pipeline],
    keep_from: u64,
    report: &(dyn Fn(u64) + Sync),
) -> Result<(Flushed, Vec<Refused>), PipelineError> {
    let (flushed, next, refused) = flush_rows(workspace, pipelines, report).await?;
    // What tables that refuse hold is not known.
    if refused.is_empty() {
        workspace.journal().cut_below(keep_from.min(next.max(0) as u64))?;
    }
    Ok((flushed, refused))
}

/// A model whose tables refused, and why.
pub type Refused = (String, PipelineError);

/// Moves journaled rows into tables; also the offset below which nothing is missing in the tables of the models that
/// did not refuse, and those that did.
async fn flush_rows(
    workspace: &Workspace,
    pipelines: &mut [&mut Pipeline],
    report: &(dyn Fn(u64) + Sync),
) -> Result<(Flushed, i64, Vec<Refused>), PipelineError> {
    let mut flushed = Flushed::default();
    let mut position = i64::MAX;
    let mut refused = Vec::new();
    for pipeline in pipelines.iter_mut() {
        match pipeline.open_tables().await {
            Ok(from) => position = position.min(from),
            Err(error) => refused.push((pipeline.spec.model.clone(), error)),
        }
    }
    let (first, durable) = {
        let journal = workspace.journal();
        (journal.first_offset() as i64, journal.durable_offset() as i64)
    };
    position = position.max(first).min(durable);
    while position < durable {
        let (mut batches, next) = read_rows(workspace, pipelines, position)?;
        if next <= position {
            break;
        }
        let open = pipelines.iter_mut().filter(|pipeline| !pipeline.tables.is_empty());
        let commits: Vec<_> = open
            .map(|pipeline| {
                let rows = batches.remove(&pipeline.spec.model).unwrap_or_default();
                async move {
                    let committed = pipeline.commit_rows(&rows, next, report).await;
                    (pipeline, committed)
                }
            })
            .collect();
        let mut committing = futures::stream::iter(commits).buffer_unordered(COMMITS_AT_ONCE);
        while let Some((pipeline, committed)) = committing.next().await {
            match committed {
                Ok(committed) => {
                    flushed.rows += committed.rows;
                    flushed.commits += committed.commits;
                    pipeline.flushed_to = next;
                }
                Err(error) => {
                    // Opened again, they say what they hold, and a damaged log is mended.
                    pipeline.tables.clear();
                    refused.push((pipeline.spec.model.clone(), error));
                }
            }
        }
        drop(committing);
        position = next;
    }
    for pipeline in pipelines.iter_mut().filter(|pipeline| !pipeline.tables.is_empty()) {
        pipeline.flushed_to = pipeline.flushed_to.max(position);
        pipeline.remember_producers().await?;
    }
    Ok((flushed, position, refused))
}

/// Rows by model and kind.
type ModelRows = HashMap<String, BTreeMap<Kind, Vec<RecordBatch>>>;

/// Reads rows of the models from `position` on, up to the bounds of one commit; also the offset after the last one.
fn read_rows(
    workspace: &Workspace,
    pipelines: &[&mut Pipeline],
    position: i64,
) -> Result<(ModelRows, i64), PipelineError> {
    let specs: HashMap<&str, &Spec> =
        pipelines.iter().map(|pipeline| (pipeline.spec.model.as_str(), &pipeline.spec)).collect();
    let mut schemas: HashMap<(&str, Kind), SchemaRef> = HashMap::new();
    let mut rows_read: ModelRows = HashMap::new();
    let (mut next, mut bytes) = (position, 0);
    for frame in workspace.frames_from(position.max(0) as u64)? {
        let frame = frame?;
        let after = frame.next_offset() as i64;
        if after <= position || frame.row_count == 0 {
            next = next.max(after);
            continue;
        }
        let stream = frame.stream.rsplit_once('/').and_then(|(model, kind)| Some((model, kind_of(kind)?)));
        if let Some((model, kind)) = stream
            && let Some((model, spec)) = specs.get_key_value(model)
        {
            let offset = frame.first_offset as i64;
            let rows = placed(&payload::decode(&frame.payload)?, offset, frame.received_at_microseconds)?;
            let schema = schemas.entry((model, kind)).or_insert_with(|| table_schema(kind, spec));
            let rows = aligned(&rows, schema)?;
            bytes += held_bytes(&rows)?;
            let of_model = match rows_read.get_mut(*model) {
                Some(of_model) => of_model,
                None => rows_read.entry((*model).to_owned()).or_default(),
            };
            of_model.entry(kind).or_default().push(rows);
        }
        next = after;
        if (next - position) as u64 >= ROWS_PER_COMMIT || bytes >= BYTES_PER_COMMIT {
            break;
        }
    }
    Ok((rows_read, next))
}

/// Memory that rows take: columns that were read from one frame share its memory, and each counts its own part.
fn held_bytes(rows: &RecordBatch) -> Result<u64, PipelineError> {
    let mut bytes = 0;
    for column in rows.columns() {
        bytes += column.to_data().get_slice_memory_size()? as u64;
    }
    Ok(bytes)
}

#[derive(Debug)]
pub(super) struct OpenTable {
    pub(super) kind: Kind,
    pub(super) table: Table,
    from: Option<i64>,
}

impl OpenTable {
    /// The rows that the table does not hold yet.
    fn rows_from(&self, batches: &[RecordBatch]) -> Result<Vec<RecordBatch>, PipelineError> {
        let Some(first) = batches.first() else { return Ok(Vec::new()) };
        let all = concat_batches(&first.schema(), batches)?;
        let Some(from) = self.from else { return Ok(vec![all]) };
        let offsets = all.column(0).as_primitive::<arrow::datatypes::Int64Type>();
        // Offsets ascend, so that what is missing is a tail.
        let start = offsets.values().partition_point(|offset| *offset < from);
        Ok(vec![all.slice(start, all.num_rows() - start)])
    }
}

/// The columns of `schema` by name: a frame that was journaled under an earlier spec may hold others, in another order.
/// What the spec no longer declares is dropped, what it declares since is null.
fn aligned(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, PipelineError> {
    let column = |field: &Field| match rows.column_by_name(field.name()) {
        Some(column) if column.data_type() == field.data_type() => Ok(Arc::clone(column)),
        Some(column) => arrow::compute::cast(column, field.data_type()),
        None => Ok(arrow::array::new_null_array(field.data_type(), rows.num_rows())),
    };
    let columns = schema.fields().iter().map(|field| column(field)).collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Rows with their journal offset, their arrival and their date before the event's own columns.
fn placed(rows: &RecordBatch, first_offset: i64, received_at_microseconds: i64) -> Result<RecordBatch, PipelineError> {
    let count = rows.num_rows();
    let at = rows
        .column_by_name(column::AT)
        .and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>())
        .ok_or(PipelineError::Frame { offset: first_offset, reason: "it has no event times" })?;
    let offsets = Int64Array::from_iter_values(first_offset..first_offset + count as i64);
    let received = TimestampMicrosecondArray::from_value(received_at_microseconds, count).with_timezone("UTC");
    let dates = Date32Array::from_iter_values(at.values().iter().map(|at| Timestamp(*at).utc_day()));
    let mut fields = vec![
        Field::new(column::OFFSET, DataType::Int64, false),
        Field::new(column::RECEIVED_AT, instant_type(), false),
        Field::new(column::EVENT_DATE, DataType::Date32, false),
    ];
    fields.extend(rows.schema().fields().iter().map(|field| field.as_ref().clone()));
    let mut columns: Vec<Arc<dyn Array>> = vec![Arc::new(offsets), Arc::new(received), Arc::new(dates)];
    columns.extend(rows.columns().iter().cloned());
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Float64Array, StringArray};

    #[test]
    fn columns_of_one_frame_count_their_own_part_of_its_memory() {
        let numbers = |column: usize| Arc::new(Float64Array::from(vec![column as f64; 1_000])) as ArrayRef;
        let texts = Arc::new(StringArray::from(vec!["some text"; 1_000])) as ArrayRef;
        let columns = (0..200).map(|at| (at.to_string(), numbers(at))).chain([("text".to_owned(), texts)]);
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        let read = payload::decode(&payload::encode(&rows).unwrap()).unwrap();
        let expected = 200 * 8_000 + 1_000 * (9 + 4) + 4;
        assert_eq!(held_bytes(&rows).unwrap(), expected);
        assert_eq!(held_bytes(&read).unwrap(), expected);
        assert!(read.get_array_memory_size() as u64 > 50 * expected, "they share the frame");
        assert_eq!(held_bytes(&rows.slice(10, 1)).unwrap(), 200 * 8 + 9 + 8);
    }
}
