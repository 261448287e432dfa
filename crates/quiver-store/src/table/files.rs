//! Writes a table's Parquet files and removes those that no commit names.

use super::damage;
use super::error::TableError;
use super::schema::conform;
use arrow::datatypes::{Schema, SchemaRef};
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
use url::Url;
use xxhash_rust::xxh3::Xxh3;

/// What one open file holds in memory before it writes a row group; there is one open file a partition.
const ROW_GROUP_LIMIT_BYTES: usize = 16 << 20;
const ROW_GROUP_LIMIT_ROWS: usize = 128 << 10;

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

/// Streams the rows into new files. On an error the files finished so far stay behind as orphans where the library
/// does not tell their names; no commit names them, so no reader sees them, and a full vacuum removes them.
pub(crate) async fn write(
    delta: &DeltaTable,
    table: &Url,
    mut rows: SendableRecordBatchStream,
    properties: WriterProperties,
) -> Result<Written, TableError> {
    let mut writer = RecordBatchWriter::for_table(delta)
        .map_err(TableError::delta("write to", table))?
        .with_writer_properties(properties);
    let schema = writer.arrow_schema();
    let mut row_count = 0;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(TableError::query("read rows for", table))?;
        if batch.num_rows() == 0 {
            continue;
        }
        row_count += batch.num_rows() as u64;
        let batch = conform(table, &schema, &batch)?;
        writer.write(batch).await.map_err(TableError::delta("write to", table))?;
    }
    let mut adds =
        if row_count == 0 { Vec::new() } else { writer.flush().await.map_err(TableError::delta("write to", table))? };
    if let Err(error) = add_checksums(delta, table, &mut adds).await {
        remove(delta, &adds).await;
        return Err(error);
    }
    Ok(Written { adds, rows: row_count, schema })
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
