//! `quiver compare --convention …`: the numbers of other systems, computed by their rules from the raw values.

use super::{Context, Outcome, print};
use crate::cli::{CompareArgs, ConventionChoice};
use crate::show::paint::{bold, dim};
use crate::show::progress::Progress;
use anyhow::{Result, bail};
use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use comfy_table::{Cell, Table, presets};
use quiver_door::decode::table_file::{ReadOptions, TableReader, open_table};
use quiver_judge::distance::Distance;
use quiver_judge::distance::compatibility::{CompatibilityError, Storage, evidently, nannyml, tfdv};
use quiver_profile::ColumnKind;
use serde::Serialize;

/// One figure of a peer.
#[derive(Debug, Serialize)]
struct Figure {
    column: String,
    distance: Option<Distance>,
    /// Why the peer gives no figure.
    refused: Option<String>,
    /// Whether the peer would call it drift by its default rule, where it has one.
    drift: Option<bool>,
}

impl Figure {
    fn refused(column: &str, reason: &str) -> Self {
        Self { column: column.to_owned(), distance: None, refused: Some(reason.to_owned()), drift: None }
    }
}

/// The raw values of one column on one side.
enum Raw {
    Numbers(Vec<Option<f64>>, Storage),
    Categories(Vec<Option<String>>),
}

/// Runs `quiver compare` in a peer's convention; one column at a time is held in memory.
pub fn run(args: &CompareArgs, context: Context) -> Result<Outcome> {
    if args.html.is_some() {
        bail!("--html shows Quiver's own convention; leave out --convention, or use --json for the peer's figures");
    }
    let (reference, current) = (open_table(&args.reference)?, open_table(&args.current)?);
    let schema = reference.schema().clone();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    super::data::known_columns(&args.reference, &names, &args.columns)?;
    let wanted = |name: &&str| args.columns.is_empty() || args.columns.iter().any(|column| column == name);
    let names: Vec<&str> = names.into_iter().filter(wanted).collect();
    let progress = Progress::start("comparing", Some(names.len() as u64), context.quiet);
    let mut figures = Vec::new();
    for name in names {
        progress.label(name);
        if current.schema().field_with_name(name).is_err() {
            figures.push(Figure::refused(name, "the current data has no such column"));
            continue;
        }
        let (Some(before), Some(after)) = (raw(&reference, name)?, raw(&current, name)?) else { continue };
        figures.extend(figures_of(args.convention, name, &before, &after));
        progress.advance(1);
    }
    drop(progress);
    if args.json {
        print(&serde_json::to_string_pretty(&figures)?)?;
    } else {
        print(&table(&figures))?;
    }
    let drifted = figures.iter().any(|figure| figure.drift == Some(true));
    Ok(if args.fail_on_drift && drifted { Outcome::CheckFailed } else { Outcome::Passed })
}

fn raw(reader: &TableReader, name: &str) -> Result<Option<Raw>> {
    let options = ReadOptions { columns: Some(vec![name.to_owned()]), ..ReadOptions::default() };
    let field = reader.schema().field_with_name(name)?.clone();
    let Some(kind) = ColumnKind::of_type(field.data_type()) else { return Ok(None) };
    let mut numbers = Vec::new();
    let mut categories = Vec::new();
    for batch in reader.batches(&options)? {
        let column = batch?.rows.column(0).clone();
        match kind {
            ColumnKind::Number => {
                numbers.extend(cast(&column, &DataType::Float64)?.as_primitive::<Float64Type>().iter());
            }
            ColumnKind::Category | ColumnKind::Boolean => {
                let texts = cast(&column, &DataType::Utf8)?;
                categories.extend(texts.as_string::<i32>().iter().map(|text| text.map(str::to_owned)));
            }
            _ => return Ok(None),
        }
    }
    let storage =
        if field.data_type().is_integer() && !field.is_nullable() { Storage::Integer } else { Storage::Float };
    Ok(Some(if kind == ColumnKind::Number { Raw::Numbers(numbers, storage) } else { Raw::Categories(categories) }))
}

fn figures_of(convention: ConventionChoice, name: &str, reference: &Raw, current: &Raw) -> Vec<Figure> {
    let figure = |distance: Result<Distance, CompatibilityError>, drift: Option<bool>| match distance {
        Ok(distance) => Some(Figure { column: name.to_owned(), distance: Some(distance), refused: None, drift }),
        Err(CompatibilityError::NotApplicable { .. } | CompatibilityError::NotBinary { .. }) => None,
        Err(error) => Some(Figure { column: name.to_owned(), distance: None, refused: Some(error.to_string()), drift }),
    };
    match (convention, reference, current) {
        (ConventionChoice::Evidently, Raw::Numbers(before, storage), Raw::Numbers(after, _)) => {
            let chosen = evidently::default_for_numbers(before, after);
            let each = evidently::Method::ALL.into_iter().filter_map(|method| {
                let distance = evidently::measure_numbers(method, *storage, before, after);
                let drift =
                    distance.as_ref().ok().filter(|_| method == chosen).map(|distance| method.is_drift(distance.value));
                figure(distance, drift)
            });
            each.collect()
        }
        (ConventionChoice::Evidently, Raw::Categories(before), Raw::Categories(after)) => {
            let chosen = evidently::default_for_categories(before, after);
            let each = evidently::Method::ALL.into_iter().filter_map(|method| {
                let distance = evidently::measure_categories(method, before, after);
                let drift =
                    distance.as_ref().ok().filter(|_| method == chosen).map(|distance| method.is_drift(distance.value));
                figure(distance, drift)
            });
            each.collect()
        }
        (ConventionChoice::Nannyml, Raw::Numbers(before, _), Raw::Numbers(after, _)) => {
            let each = nannyml::Method::ALL.into_iter();
            each.filter_map(|method| figure(nannyml::measure_numbers(method, before, after), None)).collect()
        }
        (ConventionChoice::Nannyml, Raw::Categories(before), Raw::Categories(after)) => {
            let each = nannyml::Method::ALL.into_iter();
            each.filter_map(|method| figure(nannyml::measure_categories(method, before, after), None)).collect()
        }
        (ConventionChoice::Tfdv, Raw::Numbers(before, _), Raw::Numbers(after, _)) => {
            let each = [tfdv::Source::Standard, tfdv::Source::Quantiles].into_iter();
            each.filter_map(|source| figure(tfdv::measure_numbers(source, before, after), None)).collect()
        }
        (ConventionChoice::Tfdv, Raw::Categories(before), Raw::Categories(after)) => {
            let each = tfdv::Method::ALL.into_iter();
            each.filter_map(|method| figure(tfdv::measure_categories(method, before, after), None)).collect()
        }
        _ => vec![Figure::refused(name, "the column holds numbers on one side only")],
    }
}

fn table(figures: &[Figure]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["column", "convention", "value", "p", "its own verdict"].map(|name| Cell::new(bold(name))));
    for figure in figures {
        let value = figure.distance.as_ref();
        table.add_row([
            bold(&figure.column),
            value.map_or_else(String::new, |distance| dim(distance.convention.as_str())),
            value.map_or_else(
                || figure.refused.clone().unwrap_or_default(),
                |distance| format!("{:.6}", distance.value),
            ),
            value.and_then(|distance| distance.p_value).map_or_else(String::new, |p| format!("{p:.3e}")),
            match figure.drift {
                Some(true) => "drift (its default test)".to_owned(),
                Some(false) => "no drift (its default test)".to_owned(),
                None => String::new(),
            },
        ]);
    }
    table.to_string()
}
