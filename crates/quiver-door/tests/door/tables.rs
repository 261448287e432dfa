//! Tabular files: what is read, what is kept out, and what is refused with advice.

use crate::support::{batch, write, write_parquet};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, NullArray, StringArray};
use arrow::datatypes::{DataType, Float64Type, TimeUnit};
use quiver_door::decode::rejected::Rejections;
use quiver_door::decode::table_file::{ReadOptions, TableFormat, Typing, open_table, open_table_as, open_tables};
use quiver_door::limits;
use std::path::Path;
use std::sync::Arc;

fn read_all(path: &Path) -> (Vec<arrow::array::RecordBatch>, Rejections) {
    let mut batches = open_table(path).unwrap().batches(&ReadOptions::default()).unwrap();
    let rows = batches.by_ref().map(|batch| batch.unwrap().rows).collect();
    (rows, batches.rejected().clone())
}

#[track_caller]
fn check_refused(path: &Path, part: &str) {
    let error = open_table(path).expect_err("the table is refused").to_string();
    assert!(error.contains(part), "{error}");
    assert!(error.starts_with(&path.display().to_string()), "{error}");
}

#[test]
fn what_is_no_table_is_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    check_refused(folder, "this is a directory; name the files in it");
    check_refused(&folder.join("nothing.csv"), "there is no such file");
    check_refused(&write(folder, "empty.csv", ""), "the file is empty");
    check_refused(&write(folder, "blank.csv", "\n\n"), "the file is empty");
    check_refused(&write(folder, "rows.csv.gz", b"\x1f\x8b\x08\x00"), "packed with gzip: unpack it first");
    check_refused(&write(folder, "list.json", "[{\"a\": 1}]"), "one JSON list, not one object a line");
    check_refused(&write(folder, "false.parquet", "a,b\n1,2\n"), "does not begin as one");
    check_refused(&write(folder, "utf16.csv", b"\xff\xfea\0,\0b\0"), "UTF-16");
    let error = open_tables(&[folder.to_owned()], Typing::Inferred).unwrap_err().to_string();
    assert!(error.contains("this is a directory"), "{error}");
}

#[test]
fn a_parquet_file_cut_in_half_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let rows = batch(vec![("a", Arc::new(Int64Array::from_iter_values(0..10_000)) as ArrayRef)]);
    let path = write_parquet(folder.path(), "whole.parquet", &rows);
    let bytes = std::fs::read(&path).unwrap();
    check_refused(
        &write(folder.path(), "half.parquet", &bytes[..bytes.len() / 2]),
        "not a complete Parquet file: the footer is missing; was it still being written?",
    );
    check_refused(&write(folder.path(), "magic.parquet", b"PAR1"), "the footer is missing");
    let mut broken = bytes;
    let end = broken.len();
    broken[end - 8..end - 4].copy_from_slice(&u32::MAX.to_le_bytes());
    check_refused(&write(folder.path(), "broken.parquet", broken), "not a readable Parquet file");
}

#[test]
fn duplicate_column_names_are_refused_with_both_positions() {
    let folder = tempfile::tempdir().unwrap();
    check_refused(&write(folder.path(), "twice.csv", "a,b,a\n1,2,3\n"), "columns 1 and 3 are both named `a`");
    let twin = Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let rows = batch(vec![("x", Arc::clone(&twin)), ("y", Arc::clone(&twin)), ("y", twin)]);
    check_refused(&write_parquet(folder.path(), "twice.parquet", &rows), "columns 2 and 3 are both named `y`");
}

#[test]
fn broken_lines_of_csv_are_counted_by_reason_and_line_and_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("id,x,when\n");
    for row in 0..limits::INFER_ROWS + 10 {
        text.push_str(&format!("r{row},{row}.5,2013-07-01T00:00:00Z\n"));
    }
    let line = limits::INFER_ROWS + 12;
    text.push_str("r1,1\nr2,2,2013-07-01T00:00:00Z,extra\nr3,many,2013-07-01T00:00:00Z\n");
    text.push_str("r4,4,2013-07-01T00:00:00\nr5,5,yesterday\nr6,6,2013-07-01T00:00:00Z\n");
    let (batches, rejected) = read_all(&write(folder.path(), "t.csv", text));
    let rows: usize = batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
    assert_eq!(rows, limits::INFER_ROWS + 11);
    let line = line as u64;
    let counted: Vec<(&str, u64, Vec<u64>)> =
        rejected.iter().map(|(reason, found)| (reason, found.count, found.examples.clone())).collect();
    assert_eq!(
        counted,
        [
            ("field_count", 2, vec![line, line + 1]),
            ("no_zone", 1, vec![line + 3]),
            ("not_a_number", 1, vec![line + 2]),
            ("not_a_time", 1, vec![line + 4]),
        ]
    );
    assert_eq!(*batches[0].schema().field(1).data_type(), DataType::Float64);
}

#[test]
fn a_quote_that_never_ends_costs_its_own_line_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "t.csv", "a,b\n1,x\n2,\"open\n3,y\n4,z\n");
    let (batches, rejected) = read_all(&path);
    assert_eq!(batches[0].num_rows(), 3);
    assert_eq!(batches[0].column(0).as_primitive::<Float64Type>().values(), &[1.0, 3.0, 4.0]);
    let (reason, found) = rejected.iter().next().unwrap();
    assert_eq!((reason, found.count, found.examples.as_slice()), ("field_count", 1, [3].as_slice()));
}

#[test]
fn separators_byte_order_marks_and_nameless_columns_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "t.csv", "\u{feff};x;\"a;b\"\n0;1.5;NA\n1;NA;q\n");
    let table = open_table(&path).unwrap();
    assert_eq!(table.format(), TableFormat::Csv);
    let names: Vec<&str> = table.schema().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["column_1", "x", "a;b"]);
    let (batches, _) = read_all(&path);
    assert!(batches[0].column(1).is_null(1));
    assert_eq!(batches[0].column(2).as_string::<i32>().value(0), "NA");
}

#[test]
fn ten_thousand_columns_are_read_in_short_batches() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..10_000).map(|index| format!("c{index}")).collect();
    let mut text = names.join(",") + "\n";
    let row = vec!["1.5"; 10_000].join(",") + "\n";
    (0..20).for_each(|_| text.push_str(&row));
    let (batches, rejected) = read_all(&write(folder.path(), "wide.csv", text));
    assert!(rejected.is_empty());
    assert_eq!((batches[0].num_columns(), batches[0].num_rows()), (10_000, 20));
    let wide = batch(
        names.iter().map(|name| (name.as_str(), Arc::new(Float64Array::from(vec![1.0; 3])) as ArrayRef)).collect(),
    );
    let path = write_parquet(folder.path(), "wide.parquet", &wide);
    let table = open_table(&path).unwrap();
    let options = ReadOptions { columns: Some(vec!["c9999".into(), "c7".into()]), ..ReadOptions::default() };
    let read = table.batches(&options).unwrap().next().unwrap().unwrap();
    assert_eq!(read.rows.schema().field(0).name(), "c7");
    assert_eq!((read.rows.num_columns(), read.rows.num_rows()), (2, 3));
}

#[test]
fn a_text_of_ten_megabytes_is_read_and_one_beyond_the_limit_is_an_invalid_row() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(10_000_000);
    let longer = "y".repeat(limits::MAX_FIELD_BYTES + 1);
    let longest = "z".repeat(limits::MAX_LINE_BYTES + 1_000_000);
    let csv = write(folder.path(), "t.csv", format!("a,b\n1,{long}\n2,{longer}\n3,\"{longest}\"\n4,w\n"));
    let (batches, rejected) = read_all(&csv);
    let rows: usize = batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
    assert_eq!(rows, 2);
    assert_eq!((rejected.count("field_too_long"), rejected.count("line_too_long")), (1, 1));
    let json = write(
        folder.path(),
        "t.ndjson",
        format!("{{\"b\":\"{long}\"}}\n{{\"b\":\"{longer}\"}}\n{{\"b\":\"{longest}\"}}\n"),
    );
    let (batches, rejected) = read_all(&json);
    assert_eq!(batches.len(), 1);
    assert_eq!((rejected.count("field_too_long"), rejected.count("line_too_long")), (1, 1));
    let texts = batch(vec![("b", Arc::new(StringArray::from(vec![long, longer])) as ArrayRef)]);
    let (batches, rejected) = read_all(&write_parquet(folder.path(), "t.parquet", &texts));
    assert_eq!((batches[0].num_rows(), rejected.count("field_too_long")), (1, 1));
}

#[test]
fn parquet_texts_come_as_dictionaries_and_row_groups_can_be_shared() {
    let folder = tempfile::tempdir().unwrap();
    let carriers = StringArray::from_iter_values((0..3_000).map(|row| ["UA", "AA", "DL"][row % 3]));
    let rows = batch(vec![
        ("carrier", Arc::new(carriers) as ArrayRef),
        ("x", Arc::new(Float64Array::from_iter_values((0..3_000).map(f64::from)))),
        ("nothing", Arc::new(NullArray::new(3_000))),
    ]);
    let path = folder.path().join("t.parquet");
    let properties =
        parquet::file::properties::WriterProperties::builder().set_max_row_group_row_count(Some(1_000)).build();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, rows.schema(), Some(properties)).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    let table = open_table(&path).unwrap();
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    assert_eq!(*table.schema().field(0).data_type(), dictionary);
    assert_eq!((table.row_groups(), table.total_rows()), (3, Some(3_000)));
    let mut seen = Vec::new();
    for range in [0..1, 1..3] {
        let mut batches = table.batches(&ReadOptions { row_groups: Some(range), ..ReadOptions::default() }).unwrap();
        for part in batches.by_ref() {
            let part = part.unwrap();
            assert_eq!(*part.rows.column(0).data_type(), dictionary);
            assert_eq!(part.rows.column(1).as_primitive::<Float64Type>().value(0), part.first_row as f64);
            seen.push((part.first_row, part.rows.num_rows()));
        }
        assert!(batches.progress().rows > 0 && batches.progress().bytes > 0);
    }
    assert_eq!(seen.iter().map(|(_, rows)| rows).sum::<usize>(), 3_000);
    assert!(seen.iter().any(|(first, _)| *first == 1_000), "{seen:?}");
    let wrong = ReadOptions { columns: Some(vec!["carier".into()]), ..ReadOptions::default() };
    let error = table.batches(&wrong).unwrap_err().to_string();
    assert!(error.ends_with("there is no column `carier`; did you mean `carrier`?"), "{error}");
}

#[test]
fn rows_of_ndjson_get_inferred_types_and_are_then_held_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let lines = concat!(
        "{\"a\":1,\"b\":\"x\",\"t\":\"2013-07-01T00:00:00Z\",\"v\":[1,2],\"n\":null}\n",
        "\n",
        "not json\n",
        "[1]\n",
        "{\"a\":2.5,\"late\":true}\n"
    );
    let path = write(folder.path(), "t.jsonl", lines);
    let table = open_table(&path).unwrap();
    assert_eq!(table.format(), TableFormat::NdjsonRows);
    let types: Vec<String> =
        table.schema().fields().iter().map(|field| format!("{}:{}", field.name(), field.data_type())).collect();
    let instant = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    assert_eq!(types, ["a:Float64", "b:Utf8", &format!("t:{instant}"), "v:Utf8", "n:Utf8", "late:Boolean"]);
    let (batches, rejected) = read_all(&path);
    assert_eq!(batches[0].num_rows(), 2);
    assert_eq!(batches[0].column(3).as_string::<i32>().value(0), "[1,2]");
    assert_eq!((rejected.count("not_json"), rejected.count("not_an_object")), (1, 1));
    assert_eq!(rejected.iter().next().unwrap().1.examples, [4]);
}

#[test]
fn text_typing_leaves_every_cell_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "t.csv", "a,b\n007,1.50\n,x\n");
    let table = open_table_as(&path, Typing::Text).unwrap();
    let rows = table.batches(&ReadOptions::default()).unwrap().next().unwrap().unwrap().rows;
    assert_eq!(rows.column(0).as_string::<i32>().value(0), "007");
    assert_eq!(rows.column(1).as_string::<i32>().value(0), "1.50");
    assert!(rows.column(0).is_null(1));
}

#[test]
fn the_fingerprint_follows_the_content_and_not_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let print =
        |name: &str, text: &str| open_table(&write(folder.path(), name, text)).unwrap().fingerprint().to_owned();
    assert_eq!(print("a.csv", "a\n1\n"), print("b.csv", "a\n1\n"));
    assert_ne!(print("a.csv", "a\n1\n"), print("b.csv", "a\n2\n"));
}
