//! `quiver demo`: a year of real flights through the real path, and what broke when.

mod live;

use super::replay::replay;
use super::report::evaluate;
use super::{Context, Outcome, print, write_file};
use crate::cli::DemoArgs;
use crate::show::number::count;
use crate::show::paint::{bold, dim};
use crate::show::{html, story};
use anyhow::{Context as _, Result, bail};
use quiver_door::spec_file::parse_spec;
use quiver_event::time::WindowLength;
use std::path::{Path, PathBuf};

const FLIGHTS: &[u8] = include_bytes!("../../../../demo/flights.parquet");
const SPEC: &str = include_str!("../../../../demo/flight-delay.yaml");

/// Names a folder as one that the demo may empty.
const MARK: &str = ".quiver-demo";

/// Runs `quiver demo`.
pub fn run(args: &DemoArgs, context: Context) -> Result<Outcome> {
    let folder = fresh_folder(&args.data_folder)?;
    let (data, text) = inputs(args, &folder)?;
    let spec = parse_spec(&text, "the demo's spec").map_err(|errors| anyhow::anyhow!("{}", errors.render()))?;
    if args.data.is_none() {
        context.note(&introduction());
    }
    if args.live {
        return live::run(args, &folder, &data, spec, text, context);
    }
    let started = std::time::Instant::now();
    let store = folder.join("data");
    let replayed = replay(&[data], &spec, &text, &store, context)?;
    context.note(&dim(&replayed.stage_words()));
    let evaluation = evaluate(&store, &spec.model, WindowLength::Month)?;
    let report = folder.join("report.html");
    write_file(&report, html::report(&evaluation)?.as_bytes())?;
    print(&format!(
        "{} {}",
        bold(&spec.model),
        dim(&format!(
            "{} events of {} predictions: events → journal → segments → profiles → {} findings, in {:.0} s",
            count(replayed.new_events),
            count(replayed.predictions),
            count(replayed.findings),
            started.elapsed().as_secs_f64()
        ))
    ))?;
    print("")?;
    print(&story::story(&evaluation))?;
    print(&format!(
        "\nThe report with pictures: {}\nThe tables, open to your own tools: {}\nAgain, by week: quiver report {} --data-folder {} --by week",
        report.display(),
        store.join("tables").display(),
        spec.model,
        store.display(),
    ))?;
    Ok(Outcome::Passed)
}

fn introduction() -> String {
    format!(
        "{}\n\
         Real flights from New York in 2013. A logistic regression, fitted on January, says before departure which of them\n\
         will be more than 15 minutes late; the truth arrives hours later. February is the known-good month. A second,\n\
         gradient-boosted model runs in the shadow on the same inputs. Here is the year as Quiver saw it.\n",
        bold("A model that lies, and the arrow that broke first")
    )
}

/// The data and the spec: those the binary carries, or the ones given.
fn inputs(args: &DemoArgs, folder: &Path) -> Result<(PathBuf, String)> {
    match (&args.data, &args.spec) {
        (Some(data), Some(spec)) => {
            let text = std::fs::read_to_string(spec).with_context(|| format!("cannot read {}", spec.display()))?;
            Ok((data.clone(), text))
        }
        _ => {
            let data = folder.join("flights.parquet");
            write_file(&data, FLIGHTS)?;
            write_file(&folder.join("flight-delay.yaml"), SPEC.as_bytes())?;
            Ok((data, SPEC.to_owned()))
        }
    }
}

/// An empty folder; only a folder that an earlier demo made is emptied.
fn fresh_folder(path: &Path) -> Result<PathBuf> {
    if path.exists() {
        let is_empty =
            std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?.next().is_none();
        if !is_empty && !path.join(MARK).exists() {
            bail!("{} is not a folder that the demo made; name another one with --data-folder", path.display());
        }
        std::fs::remove_dir_all(path).with_context(|| format!("cannot empty {}", path.display()))?;
    }
    std::fs::create_dir_all(path).with_context(|| format!("cannot create {}", path.display()))?;
    write_file(&path.join(MARK), b"made by quiver demo; emptied by the next one\n")?;
    Ok(path.to_owned())
}
