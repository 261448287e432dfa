//! `quiver status`: asks a running server how it is.

use super::remote::Remote;
use super::{Context, Outcome, block_on, print};
use crate::cli::StatusArgs;
use anyhow::{Context as _, Result, bail};

/// The most counts that are told: the most frequent; `--json` has all.
const TOLD_COUNTS: usize = 10;

/// Runs `quiver status`.
pub fn run(args: &StatusArgs, context: Context) -> Result<Outcome> {
    let remote = Remote::new(&args.reach)?;
    block_on(async {
        let answer = remote.client.get(remote.url("/v1/status")?).send().await;
        let answer = answer.with_context(|| format!("no server answers at {}", args.reach.url))?;
        let status = answer.status();
        let body: serde_json::Value = serde_json::from_slice(&answer.bytes().await?)
            .with_context(|| format!("{} is no Quiver server", args.reach.url))?;
        if !status.is_success() {
            bail!("{}: {}", body["title"].as_str().unwrap_or("refused"), body["detail"].as_str().unwrap_or_default());
        }
        let ready = body["ready"].as_bool().unwrap_or(false);
        if args.json {
            print(&serde_json::to_string_pretty(&body)?)?;
        } else if !context.quiet {
            print(&text_of(&body))?;
        }
        Ok(if ready { Outcome::Passed } else { Outcome::CheckFailed })
    })
}

fn text_of(body: &serde_json::Value) -> String {
    let number = |key: &str| crate::show::number::count(body[key].as_u64().unwrap_or(0));
    let models: Vec<&str> =
        body["models"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    let state = match body["reason"].as_str() {
        None => "takes events".to_owned(),
        Some(reason) => format!("takes no events: {reason}"),
    };
    let mut text = format!(
        "quiver {} {state}\nmodels: {}\nevents acknowledged: {}, in tables: {}\njournal: {} bytes; free disk: {} bytes",
        body["version"].as_str().unwrap_or("?"),
        if models.is_empty() { "none".to_owned() } else { models.join(", ") },
        number("acknowledged_offset"),
        number("segment_offset"),
        number("journal_bytes"),
        number("free_disk_bytes"),
    );
    if let Some(files @ 1..) = body["damage"]["files"].as_u64() {
        let rows = crate::show::number::count(body["damage"]["lost_rows"].as_u64().unwrap_or(0));
        text.push_str(&format!("\ndamaged files set aside: {files}, rows lost with them: {rows}"));
    }
    let counts = body["counted"].as_array().into_iter().flatten();
    for counted in counts.filter(|counted| counted["what"] != "feedback").take(TOLD_COUNTS) {
        let text_at = |key: &str| counted[key].as_str().unwrap_or_default();
        let count = crate::show::number::count(counted["count"].as_u64().unwrap_or(0));
        let model = if text_at("model").is_empty() { "an unknown model" } else { text_at("model") };
        text.push_str(&format!("\n{} in 24 h: {count} × {} ({model})", text_at("what"), text_at("subject")));
    }
    for (stage, error) in body["stage_errors"].as_object().into_iter().flatten() {
        text.push_str(&format!("\nstage {stage} failed: {}", error.as_str().unwrap_or_default()));
    }
    text
}
