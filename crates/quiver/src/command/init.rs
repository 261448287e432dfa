//! `quiver init`: writes a spec from data, with targets that the data's own healthy period keeps.

use super::{Context, Outcome, print, write_file};
use crate::cli::InitArgs;
use anyhow::{Result, bail};
use quiver_door::infer::{InferOptions, InferredTarget, draft_spec};
use quiver_door::spec_file::parse_spec;
use quiver_event::spec::{Metric, Spec};
use quiver_judge::finding::{Finding, Monitor};

/// Runs `quiver init`.
pub fn run(args: &InitArgs, context: Context) -> Result<Outcome> {
    if let Some(path) = &args.output
        && path.exists()
        && !args.force
    {
        bail!("{} exists; add --force to overwrite it, or choose another --output", path.display());
    }
    let options = InferOptions { model: args.model.clone(), ..InferOptions::default() };
    let draft = draft_spec(&args.data, &options)?;
    let spec = draft.spec()?;
    let targets =
        if spec.feedback.is_some() && draft.reference.is_some() { targets(&spec, args, context)? } else { Vec::new() };
    let yaml = draft.to_yaml(&targets);
    parse_spec(&yaml, "the written spec").map_err(|errors| anyhow::anyhow!("{}", errors.render()))?;
    for note in &draft.notes {
        context.note(note);
    }
    match &args.output {
        Some(path) => {
            write_file(path, yaml.as_bytes())?;
            context.note(&format!("wrote {}; read its comments, then: quiver spec check {0}", path.display()));
        }
        None => print(yaml.trim_end())?,
    }
    Ok(Outcome::Passed)
}

/// What the healthy period reaches, with room for chance: a target is the far end of the value's interval.
fn targets(spec: &Spec, args: &InitArgs, context: Context) -> Result<Vec<InferredTarget>> {
    let evaluation = super::check::judge_reference(spec, &args.data, context)?;
    let Some(live) = evaluation.live() else { return Ok(Vec::new()) };
    let findings = live.windows.iter().flat_map(|window| &window.findings);
    let quality = findings.filter(|finding| finding.monitor == Monitor::Quality && finding.slice.is_none());
    Ok(quality.filter_map(|finding| target(spec, finding)).collect())
}

fn target(spec: &Spec, finding: &Finding) -> Option<InferredTarget> {
    let metric = Metric::ALL.into_iter().find(|metric| metric.name() == finding.subject)?;
    // Brier score and log loss move with the rate of the label; a target on them would blame the model for the season.
    if matches!(metric, Metric::Brier | Metric::LogLoss) {
        return None;
    }
    let [low, high] = finding.interval?;
    let value = finding.value?;
    // A tenth of the value on top of the interval: a target that a good month just misses teaches people to look away.
    let limit = if metric.larger_is_better() { (low - 0.1 * value).max(0.0) } else { high + 0.1 * value };
    let rounded = if metric.larger_is_better() { (limit * 100.0).floor() } else { (limit * 100.0).ceil() } / 100.0;
    let threshold = metric.needs_threshold().then(|| spec.threshold());
    (rounded > 0.0 && rounded.is_finite()).then_some(InferredTarget { metric, threshold, limit: rounded })
}
