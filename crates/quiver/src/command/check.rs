//! `quiver check`: judges data against a spec, for CI.

use super::replay::{Events, Read, note_mapping};
use super::{Context, Outcome, print, write_file};
use crate::cli::CheckArgs;
use crate::show::junit::junit;
use crate::show::verdicts::check_table;
use anyhow::{Context as _, Result, bail};
use quiver_door::spec_file::read_spec;
use quiver_event::batch::EventBatch;
use quiver_event::spec::Spec;
use quiver_event::time::{Window, WindowLength};
use quiver_judge::facts::ReferenceFacts;
use quiver_judge::finding::{Finding, Verdict};
use quiver_server::evaluation::Evaluation;
use quiver_server::gate::{FrozenEdges, Measurement, Measuring, ReferencePass, gate_outcome_plan};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Runs `quiver check`.
pub fn run(args: &CheckArgs, context: Context) -> Result<Outcome> {
    let spec = read_spec(&args.spec).map_err(|errors| anyhow::anyhow!("{}", errors.render()))?;
    let length = args.by.as_deref().map(super::report::length_of).transpose()?;
    let (edges, references) = reference(&spec, &args.spec, &args.data, args.reference.as_deref(), length, context)?;
    let events = Events::open(&args.data, &spec)?;
    let (measurement, read) = measure(&spec, &events, &edges, length, None, ("checking", context))?;
    read.refuse_if_useless()?;
    note_mapping(&events, &read, context);
    if read.rows == 0 {
        bail!("{}: no row could be used, so there is nothing to judge", args.data[0].display());
    }
    let mut evaluation = measurement.judge(&spec, references, length)?;
    if args.reference.is_some() {
        // The data was judged against that file, not against the spec's period.
        evaluation.reference = None;
    }
    let live = evaluation.live().context("no arm was found in the data")?;
    let findings: Vec<&Finding> = live.windows.iter().flat_map(|window| &window.findings).collect();
    if let Some(path) = &args.junit {
        write_file(path, junit(&evaluation, live, args.fail_on_drift)?.as_bytes())?;
    }
    if args.json {
        print(&serde_json::to_string_pretty(&serde_json::json!({
            "model": spec.model,
            "rows": read.rows,
            "passed": !fails(&findings, args.fail_on_drift),
            "findings": findings,
        }))?)?;
    } else {
        print(&check_table(&evaluation, live))?;
    }
    Ok(if fails(&findings, args.fail_on_drift) { Outcome::CheckFailed } else { Outcome::Passed })
}

fn fails(findings: &[&Finding], on_drift: bool) -> bool {
    findings
        .iter()
        .any(|finding| finding.verdict == Verdict::Broken || (on_drift && finding.verdict == Verdict::Drifted))
}

/// The reference's frozen edges, and its facts on them: from a file of its own, or from the spec's period in the data.
fn reference(
    spec: &Spec,
    spec_path: &Path,
    data: &[PathBuf],
    given: Option<&Path>,
    length: Option<WindowLength>,
    context: Context,
) -> Result<(FrozenEdges, BTreeMap<String, ReferenceFacts>)> {
    let named = spec.reference.as_ref().and_then(|reference| reference.file.as_ref());
    // A file named in the spec is found beside the spec, wherever the command is called.
    let beside = named.map(|file| spec_path.parent().unwrap_or(Path::new(".")).join(file));
    let (files, period) = match (given.map(Path::to_owned).or(beside), spec.reference_window()?) {
        (Some(file), _) => (vec![file], None),
        (None, Some(period)) => (data.to_vec(), Some(period)),
        (None, None) => match spec.reference.as_ref().and_then(|reference| reference.version.as_ref()) {
            Some(version) => bail!(
                "the spec's reference is the version `{version}`, which only a data folder knows; give its data with \
                 --reference FILE"
            ),
            None => return Ok((FrozenEdges::default(), BTreeMap::new())),
        },
    };
    let events = Events::open(&files, spec)?;
    let within = |batches: &[EventBatch]| -> Result<Vec<EventBatch>> {
        batches.iter().map(|batch| Ok(restricted(batch, period)?)).collect()
    };
    let mut pass = ReferencePass::new(spec);
    let read = events.each("reading the reference", context, |batches| Ok(pass.add(&within(batches)?)?))?;
    read.refuse_if_useless()?;
    if pass.rows() == 0 {
        match period {
            Some(period) => bail!(
                "{} holds no row of the spec's reference period, {} to {}; give known-good data with --reference FILE",
                files[0].display(),
                period.start,
                period.end
            ),
            None => bail!("the reference {} holds no usable row", files[0].display()),
        }
    }
    let edges = pass.freeze()?;
    let (measurement, _) = measure(spec, &events, &edges, length, period, ("counting the reference", context))?;
    Ok((edges, measurement.into_reference(spec)?))
}

/// Measures the events of a period (all of them when there is none) on frozen edges.
fn measure(
    spec: &Spec,
    events: &Events<'_>,
    edges: &FrozenEdges,
    length: Option<WindowLength>,
    period: Option<Window>,
    (label, context): (&str, Context),
) -> Result<(Measurement, Read)> {
    let outcomes = gate_outcome_plan(spec);
    let mut measuring = Measuring::new(spec, edges, outcomes.as_ref(), length)?;
    let is_table = events.are_tables();
    if !is_table {
        events.each("reading the labels", context, |batches| {
            measuring.remember_labels(batches);
            Ok(())
        })?;
    }
    let read = events.each(label, context, |batches| {
        let within: Vec<EventBatch> =
            batches.iter().map(|batch| restricted(batch, period)).collect::<Result<_, _>>()?;
        Ok(measuring.add(&within, is_table)?)
    })?;
    Ok((measuring.finish()?, read))
}

/// The rows of a prediction batch inside a period; feedback passes whole, since it names its prediction.
fn restricted(batch: &EventBatch, period: Option<Window>) -> Result<EventBatch, arrow::error::ArrowError> {
    use arrow::array::{Array, AsArray, BooleanArray};
    let at = batch.rows.column_by_name(quiver_event::batch::column::AT);
    let at = at.and_then(|at| at.as_primitive_opt::<arrow::datatypes::TimestampMicrosecondType>());
    match (period, at) {
        (Some(period), Some(at)) if batch.kind == quiver_event::event::Kind::Prediction => {
            let inside = |row: usize| at.is_valid(row) && period.contains(quiver_event::time::Timestamp(at.value(row)));
            let keep: BooleanArray = (0..at.len()).map(|row| Some(inside(row))).collect();
            let rows = arrow::compute::filter_record_batch(&batch.rows, &keep)?;
            Ok(EventBatch { rows, ..batch.clone() })
        }
        _ => Ok(batch.clone()),
    }
}

/// The spec's targets that its own reference fails, each in words: a target that known-good data misses is a mistake.
pub fn reference_failures(spec: &Spec, data: &[PathBuf], context: Context) -> Result<Vec<String>> {
    let evaluation = judge_reference(spec, data, context)?;
    let live = evaluation.live().context("no arm was found in the data")?;
    let broken = live.windows.iter().flat_map(|window| &window.findings);
    let failed = broken
        .filter(|finding| finding.limit.is_some_and(|limit| finding.value.is_some_and(|value| !limit.holds(value))));
    let promised = failed.filter(|finding| finding.monitor == quiver_judge::finding::Monitor::Quality);
    Ok(promised.map(|finding| format!("the reference itself fails a target: {}", finding.evidence)).collect())
}

/// The reference judged as if it were new data.
pub fn judge_reference(spec: &Spec, data: &[PathBuf], context: Context) -> Result<Evaluation> {
    let period = spec.reference_window()?.context("the spec names no reference period within the data")?;
    let (edges, references) = reference(spec, Path::new("."), data, None, None, context)?;
    let events = Events::open(data, spec)?;
    let (measurement, _) = measure(spec, &events, &edges, None, Some(period), ("judging the reference", context))?;
    Ok(measurement.judge(spec, references, None)?)
}
