//! Decodes every column of a Parquet file and counts its rows: the limit that `quiver profile` is measured against.

use quiver_door::decode::table_file::{ReadOptions, open_table};
use std::io::Write;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: quiver-bench-decode FILE.parquet")?;
    let mut rows = 0_u64;
    let mut bytes = 0_u64;
    for batch in open_table(Path::new(&path))?.batches(&ReadOptions::default())? {
        let batch = batch?;
        rows += batch.rows.num_rows() as u64;
        bytes += batch.rows.get_array_memory_size() as u64;
    }
    writeln!(std::io::stdout(), "{rows} rows, {bytes} bytes in memory")?;
    Ok(())
}
