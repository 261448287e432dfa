//! Writes a table's Parquet files and removes those that no commit names.

use super::damage;
use super::error::TableError;
use super::schema::conform;
use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{SortColumn, lexsort_to_indices, partition, take, take_record_batch};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::physical_plan::SendableRecordBatchStream;
use deltalake::kernel::Add;
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use deltalake::{DeltaTable, DeltaTableError};
use futures::StreamExt;
use object_store::ObjectStoreExt;
use object_store::path::Path as ObjectPath;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use url::Url;
use xxhash_rust::xxh3::Xxh3;

/// What one open file holds in memory before it writes a row group; there is one open file a partition.
const ROW_GROUP_LIMIT_BYTES: usize = 16 << 20;
const ROW_GROUP_LIMIT_ROWS: usize = 128 << 10;
/// Columns of files that are open at once: each takes about 100 kB, however few its rows.
const OPEN_COLUMNS: usize = 2_048;

/// Files written, but not named by any commit yet.
pub(crate) struct Written {
    pub adds: Vec<Add>,
    pub rows: u64,
    pub schema: SchemaRef,
}

/// Returns the statistics columns that can be kept: plain names of columns that exist and do not partition.
pub(crate) fn kept_statistics(wanted: &[String], schema: &Schema, partition_columns: &[String]) -> Vec<String> {
    wanted
        .iter()
        .filter(|column| schema.field_with_name(column).is_ok() && !partition_columns.contains(column))
        // The table property separates names by commas and parses them as SQL: anything else would be misread, and a
        // misread name could open the statistics of another column.
        .filter(|column| column.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        .cloned()
        .collect()
}

/// Statistics are off for every column but the named ones: a footer's minimum is a value of somebody's row.
pub(crate) fn writer_properties(statistics_columns: &[String]) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(concat!("quiver-store ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_max_row_group_row_count(Some(ROW_GROUP_LIMIT_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_LIMIT_BYTES))
        .set_bloom_filter_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None);
    for column in statistics_columns {
        let path = ColumnPath::new(vec![column.clone()]);
        properties = properties.set_column_statistics_enabled(path, EnabledStatistics::Chunk);
    }
    properties.build()
}

/// How many files of so many columns may be open at once.
pub(crate) fn most_open(columns: usize) -> usize {
    (OPEN_COLUMNS / columns.max(1)).max(1)
}

/// Streams the rows into new files. On an error the files finished so far stay behind as orphans where the library
/// does not tell their names; no commit names them, so no reader sees them, and a full vacuum removes them.
pub(crate) async fn write(
    delta: &DeltaTable,
    table: &Url,
    mut rows: SendableRecordBatchStream,
    properties: WriterProperties,
) -> Result<Written, TableError> {
    let failed = || TableError::delta("write to", table);
    let partition_columns = delta.snapshot().map_err(failed())?.metadata().partition_columns().to_vec();
    let mut writer = RecordBatchWriter::for_table(delta).map_err(failed())?.with_writer_properties(properties);
    let schema = writer.arrow_schema();
    let most_open = most_open(schema.fields().len());
    let mut written = Written { adds: Vec::new(), rows: 0, schema };
    let result = async {
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(TableError::query("read rows for", table))?;
            if batch.num_rows() == 0 {
                continue;
            }
            written.rows += batch.num_rows() as u64;
            let batch = conform(table, &written.schema, &batch)?;
            let sorted = by_partition(&batch, &partition_columns);
            let (batch, parts) = sorted.map_err(|source| failed()(DeltaTableError::Arrow { source }))?;
            for (place, parts) in parts.chunks(most_open).enumerate() {
                let (Some(first), Some(last)) = (parts.first(), parts.last()) else { continue };
                if place > 0 {
                    written.adds.extend(writer.flush().await.map_err(failed())?);
                }
                writer.write(batch.slice(first.start, last.end - first.start)).await.map_err(failed())?;
            }
        }
        if written.rows > 0 {
            written.adds.extend(writer.flush().await.map_err(failed())?);
        }
        add_checksums(delta, table, &mut written.adds).await
    };
    match result.await {
        Ok(()) => Ok(written),
        Err(error) => {
            remove(delta, &written.adds).await;
            Err(error)
        }
    }
}

/// The rows ordered by their partition, in it as they came, and the places of each partition.
fn by_partition(rows: &RecordBatch, columns: &[String]) -> Result<(RecordBatch, Vec<Range<usize>>), ArrowError> {
    let whole = 0..rows.num_rows();
    let mut keys: Vec<ArrayRef> = columns.iter().filter_map(|name| rows.column_by_name(name)).cloned().collect();
    if keys.is_empty() {
        return Ok((rows.clone(), vec![whole]));
    }
    let places = partition(&keys)?.ranges();
    // Rows of a table come in order of time, mostly: where each partition is in one place, none has to be moved.
    let distinct: HashSet<OwnedRow> = {
        let converter = RowConverter::new(keys.iter().map(|key| SortField::new(key.data_type().clone())).collect())?;
        let firsts = UInt32Array::from_iter_values(places.iter().map(|place| place.start as u32));
        let firsts = keys.iter().map(|key| take(key, &firsts, None)).collect::<Result<Vec<_>, _>>()?;
        converter.convert_columns(&firsts)?.iter().map(|row| row.owned()).collect()
    };
    if distinct.len() == places.len() {
        return Ok((rows.clone(), places));
    }
    keys.push(Arc::new(UInt32Array::from_iter_values(0..rows.num_rows() as u32)));
    let sorted: Vec<SortColumn> = keys.into_iter().map(|values| SortColumn { values, options: None }).collect();
    let rows = take_record_batch(rows, &lexsort_to_indices(&sorted, None)?)?;
    let keys: Vec<ArrayRef> = columns.iter().filter_map(|name| rows.column_by_name(name)).cloned().collect();
    let places = partition(&keys)?.ranges();
    Ok((rows, places))
}

/// Notes the checksum of each file beside its name, from the bytes just written: what a disk makes of them later shows.
async fn add_checksums(delta: &DeltaTable, table: &Url, adds: &mut [Add]) -> Result<(), TableError> {
    let store = delta.object_store();
    for add in adds {
        let failed = |source| TableError::delta("write to", table)(DeltaTableError::ObjectStore { source });
        let mut bytes = store.get(&add_path(add)).await.map_err(failed)?.into_stream();
        let mut hash = Xxh3::new();
        while let Some(chunk) = bytes.next().await {
            hash.update(&chunk.map_err(failed)?);
        }
        let tags = add.tags.get_or_insert_default();
        tags.insert(damage::CHECKSUM_TAG.to_owned(), Some(damage::checksum_text(hash.digest())));
    }
    Ok(())
}

/// Removes files that no commit names, as far as the store lets us.
pub(crate) async fn remove(delta: &DeltaTable, adds: &[Add]) {
    let store = delta.object_store();
    for add in adds {
        // Best effort: a file that stays is an orphan, invisible to readers and removed by a full vacuum.
        let _ = store.delete(&add_path(add)).await;
    }
}

/// Returns the path of an added file inside the table; the log holds it percent-encoded.
pub(crate) fn add_path(add: &Add) -> ObjectPath {
    ObjectPath::from_url_path(&add.path).unwrap_or_else(|_| ObjectPath::from(add.path.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, Date32Array, Int64Array};
    use arrow::datatypes::{DataType, Date32Type, Field, Int64Type};

    fn rows(dates: &[i32]) -> RecordBatch {
        let fields = [("offset", DataType::Int64), ("event_date", DataType::Date32)];
        let schema = Schema::new(fields.map(|(name, kind)| Field::new(name, kind, false)).to_vec());
        let offsets = Int64Array::from_iter_values(0..dates.len() as i64);
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(offsets), Arc::new(Date32Array::from(dates.to_vec()))])
            .unwrap()
    }

    #[track_caller]
    fn check(dates: &[i32], expected: &[(i32, &[i64])]) {
        let (sorted, places) = by_partition(&rows(dates), &["event_date".to_owned()]).unwrap();
        let offsets = sorted.column(0).as_primitive::<Int64Type>().values();
        let found: Vec<(i32, &[i64])> = places
            .into_iter()
            .map(|place| (sorted.column(1).as_primitive::<Date32Type>().value(place.start), &offsets[place]))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_partition_is_in_one_place_and_its_rows_stay_in_order() {
        check(&[7, 7, 9, 8], &[(7, &[0, 1]), (9, &[2]), (8, &[3])]);
        check(&[7, 8, 7, 8, 7], &[(7, &[0, 2, 4]), (8, &[1, 3])]);
        check(&[7], &[(7, &[0])]);
        let (_, places) = by_partition(&rows(&[7, 8]), &[]).unwrap();
        assert_eq!(places, vec![Range { start: 0, end: 2 }]);
    }
}
