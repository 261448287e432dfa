//! `quiver key`: makes, lists and revokes API keys; the server may run meanwhile.

use super::{Context, Outcome, block_on, now, print, random};
use crate::cli::{KeyCommand, ScopeChoice};
use anyhow::{Context as _, Result, bail};
use quiver_event::time::Timestamp;
use quiver_event::units::Duration;
use quiver_server::{api_key, subject_keys};
use quiver_store::catalogue::{ApiKey, Catalogue, DEFAULT_WORKSPACE};
use quiver_store::data_folder::DataFolder;
use std::path::Path;

/// Runs `quiver key`.
pub fn run(command: &KeyCommand, context: Context) -> Result<Outcome> {
    block_on(async {
        match command {
            KeyCommand::Create { name, scope, expires, data_folder } => {
                create(name, scope, expires.as_deref(), data_folder, context).await
            }
            KeyCommand::List { json, data_folder } => list(*json, data_folder).await,
            KeyCommand::Revoke { id, data_folder } => revoke(id, data_folder, context).await,
            KeyCommand::RotatePseudonyms { data_folder } => rotate(data_folder, context),
        }
    })
}

/// The catalogue of a folder; a folder that is none yet becomes one.
async fn catalogue(folder: &Path) -> Result<Catalogue> {
    let path = folder.join("catalogue.sqlite");
    if path.exists() {
        // The server holds the folder; the catalogue alone may be written by both.
        return Ok(Catalogue::open(&path).await?);
    }
    Ok(DataFolder::open(folder)?.open_catalogue().await?)
}

async fn create(
    name: &str,
    scopes: &[ScopeChoice],
    expires: Option<&str>,
    folder: &Path,
    context: Context,
) -> Result<Outcome> {
    let lifetime = expires.map(Duration::parse).transpose().context("--expires is a duration such as 90d")?;
    let bytes = random();
    let id = random();
    let key = api_key::make([id[0], id[1], id[2], id[3]], bytes);
    let scopes: Vec<&str> = scopes.iter().map(|scope| scope.scope().name()).collect();
    let created = now();
    let stored = ApiKey {
        workspace: DEFAULT_WORKSPACE.to_owned(),
        id: key.id.clone(),
        name: name.to_owned(),
        hash: key.hash.clone(),
        scopes: scopes.join(" "),
        created_at_microseconds: created.0,
        expires_at_microseconds: lifetime.map(|lifetime| created.0.saturating_add(lifetime.microseconds())),
        revoked_at_microseconds: None,
        last_used_at_microseconds: None,
    };
    catalogue(folder).await?.put_key(&stored).await?;
    print(&key.text)?;
    context.note(&format!(
        "the key {} may {}; it is shown this once and kept as a hash only",
        key.id,
        scopes.join(", ")
    ));
    Ok(Outcome::Passed)
}

async fn list(json: bool, folder: &Path) -> Result<Outcome> {
    let keys = catalogue(folder).await?.keys(DEFAULT_WORKSPACE).await?;
    let time = |at: Option<i64>| at.map(|at| Timestamp(at).to_string());
    if json {
        let keys: Vec<serde_json::Value> = keys
            .iter()
            .map(|key| {
                serde_json::json!({
                    "id": key.id, "name": key.name, "scopes": key.scopes,
                    "created_at": time(Some(key.created_at_microseconds)),
                    "expires_at": time(key.expires_at_microseconds),
                    "revoked_at": time(key.revoked_at_microseconds),
                })
            })
            .collect();
        print(&serde_json::to_string_pretty(&keys)?)?;
        return Ok(Outcome::Passed);
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(["id", "name", "scopes", "created", "expires", "state"]);
    for key in &keys {
        let expired = key.expires_at_microseconds.is_some_and(|at| at <= now().0);
        let state = match (key.revoked_at_microseconds, expired) {
            (Some(_), _) => "revoked",
            (None, true) => "expired",
            (None, false) => "valid",
        };
        table.add_row([
            key.id.clone(),
            key.name.clone(),
            key.scopes.clone(),
            time(Some(key.created_at_microseconds)).unwrap_or_default(),
            time(key.expires_at_microseconds).unwrap_or_else(|| "never".to_owned()),
            state.to_owned(),
        ]);
    }
    print(&table.to_string())?;
    Ok(Outcome::Passed)
}

async fn revoke(id: &str, folder: &Path, context: Context) -> Result<Outcome> {
    if !catalogue(folder).await?.revoke_key(id, now().0).await? {
        bail!("no valid key has the id {id}; `quiver key list` shows the ids");
    }
    context.note(&format!("the key {id} is revoked; a running server refuses it within two seconds"));
    Ok(Outcome::Passed)
}

fn rotate(folder: &Path, context: Context) -> Result<Outcome> {
    if !folder.join("QUIVER").exists() {
        bail!("{} is no data folder", folder.display());
    }
    let name = subject_keys::rotate(folder, random())?;
    context.note(&format!(
        "pseudonyms are made with the key {name} from the server's next start; earlier ones are still found"
    ));
    Ok(Outcome::Passed)
}
