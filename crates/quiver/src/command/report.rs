//! `quiver report`: the four arrows of a model from a data folder.

use super::{Context, Outcome, block_on, now, print, write_file};
use crate::cli::ReportArgs;
use crate::show::{html, story};
use anyhow::{Context as _, Result, bail};
use quiver_door::spec_file::parse_spec;
use quiver_event::time::WindowLength;
use quiver_server::evaluation::Evaluation;
use quiver_server::pipeline::{Pipeline, latest_spec};
use std::path::Path;

/// Runs `quiver report`.
pub fn run(args: &ReportArgs, context: Context) -> Result<Outcome> {
    let length = length_of(&args.by)?;
    let evaluation = evaluate(&args.data_folder, &args.model, length)?;
    if let Some(path) = &args.html {
        write_file(path, html::report(&evaluation)?.as_bytes())?;
        context.note(&format!("wrote {}", path.display()));
    }
    if args.json {
        print(&serde_json::to_string_pretty(&evaluation)?)?;
    } else {
        print(&story::story(&evaluation))?;
    }
    Ok(Outcome::Passed)
}

/// The length that `--by` names.
pub fn length_of(text: &str) -> Result<WindowLength> {
    let text = match text {
        "hour" => "1h",
        "day" => "1d",
        "week" => "1w",
        "month" => "1mo",
        other => other,
    };
    WindowLength::parse(text).context("--by takes hour, day, week or month, or a length such as 6h, 1d, 1w, 1mo")
}

/// Evaluates a model from what its data folder holds.
pub fn evaluate(folder: &Path, model: &str, length: WindowLength) -> Result<Evaluation> {
    // An empty folder would become a data folder by being opened; to show one is no reason to make one.
    if std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none()) {
        bail!("{} is no data folder; `quiver replay DATA --spec FILE --data-folder {0}` makes one", folder.display());
    }
    block_on(async {
        let Some(text) = latest_spec(folder, model).await? else {
            let known = quiver_server::pipeline::models(folder).await?;
            let nearest = quiver_event::spec::nearest_word(model, known.iter().map(String::as_str));
            let hint = match (nearest, known.as_slice()) {
                (Some(nearest), _) => format!("; did you mean `{nearest}`?"),
                (None, []) => "; it holds no model yet".to_owned(),
                (None, known) => format!("; it holds {}", known.join(", ")),
            };
            bail!("{} holds no model `{model}`{hint}", folder.display());
        };
        let spec = parse_spec(&text, "the stored spec").map_err(|errors| anyhow::anyhow!("{}", errors.render()))?;
        if length < spec.drift.window {
            bail!("the model's windows are {} long; --by cannot cut them finer", spec.drift.window);
        }
        let (pipeline, _) = Pipeline::open(folder, spec, &text, uuid::Uuid::now_v7(), now()).await?;
        Ok(pipeline.evaluate(length).await?)
    })
}
