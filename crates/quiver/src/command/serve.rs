//! `quiver serve`: runs the server until it is told to stop.

use super::{Context, Outcome, block_on, now, random};
use crate::cli::ServeArgs;
use anyhow::{Context as _, Result, bail};
use quiver_door::spec_file::read_spec;
use quiver_event::spec::Spec;
use quiver_server::config::{LogFormat, Override, ServerConfig, effective_config, overrides_of_environment};
use quiver_server::serve::{Outside, Server};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

/// Runs `quiver serve`.
pub fn run(args: &ServeArgs, context: Context) -> Result<Outcome> {
    let config = config_of(args)?;
    log_to_stderr(&config, context)?;
    let specs = read_specs(&config.specs)?;
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !quiver_door::decode::arrow_stream::is_reading() {
            usual(panic);
        }
    }));
    block_on(async {
        let outside = Outside { wall: Arc::new(now), random, specs, ui: quiver_ui::file };
        let server = Server::start(config.clone(), outside).await?;
        tell(&server, args, &config)?;
        wait(&server, &config).await?;
        server.stop().await;
        if let Some(path) = &args.ready_file {
            // Whoever waits for the file must not find that of an earlier run.
            let _ = std::fs::remove_file(path);
        }
        Ok(Outcome::Passed)
    })
}

fn config_of(args: &ServeArgs) -> Result<ServerConfig> {
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut overrides = overrides_of_environment(variables).map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut set = |keys: &str, value: serde_json::Value, option: &str| {
        overrides.push(Override::of_option(keys, value, option));
    };
    if let Some(folder) = &args.data_folder {
        set("data_folder", folder.display().to_string().into(), "--data-folder");
    }
    if let Some(listen) = &args.listen {
        set("http.listen", listen.as_str().into(), "--listen");
    }
    if !args.spec.is_empty() {
        let specs: Vec<String> = args.spec.iter().map(|path| path.display().to_string()).collect();
        set("specs", specs.into(), "--spec");
    }
    if args.otlp {
        set("otlp", serde_json::json!({}), "--otlp");
    }
    if args.replay_clock {
        set("clock", "replay".into(), "--replay-clock");
    }
    let effective = effective_config(args.config.as_deref(), &overrides);
    Ok(effective.map_err(|errors| anyhow::anyhow!("{}", errors.render()))?.config)
}

fn log_to_stderr(config: &ServerConfig, context: Context) -> Result<()> {
    let level = if context.quiet { "warn" } else { config.log.level.name() };
    // Libraries talk at their own level; ours is the one that the config sets.
    let filter = EnvFilter::try_new(format!(
        "warn,buoyant_kernel=off,quiver={level},quiver_server={level},quiver_store={level}"
    ))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let set = match config.log.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(false).try_init(),
    };
    set.map_err(|error| anyhow::anyhow!("logs cannot be set up: {error}"))
}

/// Reads spec files, and all `.yaml` and `.yml` files of folders.
fn read_specs(paths: &[PathBuf]) -> Result<Vec<(Spec, String)>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = std::fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
            let mut found: Vec<PathBuf> =
                entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_yaml(path)).collect();
            found.sort();
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    let mut specs: Vec<(Spec, String)> = Vec::new();
    for file in files {
        let spec = read_spec(&file).map_err(|errors| anyhow::anyhow!("{}", errors.render()))?;
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        if specs.iter().any(|(known, _)| known.model == spec.model) {
            bail!("{}: the model {} has another spec among those given; keep one", file.display(), spec.model);
        }
        specs.push((spec, text));
    }
    Ok(specs)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Says what recovery found and where the server listens.
fn tell(server: &Server, args: &ServeArgs, config: &ServerConfig) -> Result<()> {
    if let Some(torn) = &server.recovery.torn_tail {
        tracing::warn!(bytes = torn.length_bytes, "a torn tail of the journal was cut; it was never acknowledged");
    }
    for damage in &server.recovery.damages {
        tracing::error!(
            file = %damage.path.display(),
            position = damage.position,
            lost_offsets = damage.lost_offsets,
            reason = damage.reason,
            "the journal is damaged; the file was set aside"
        );
    }
    let scheme = if config.http.tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", server.address);
    tracing::info!(
        url,
        otlp_http = server.otlp_http.map(|address| address.to_string()),
        otlp_grpc = server.otlp_grpc.map(|address| address.to_string()),
        "listening"
    );
    if let Some(path) = &args.ready_file {
        let unfinished = path.with_extension("new");
        let line = |name: &str, address: Option<std::net::SocketAddr>| {
            address.map_or_else(String::new, |address| format!("{name}={address}\n"))
        };
        let text = format!("{url}\n{}{}", line("otlp_http", server.otlp_http), line("otlp_grpc", server.otlp_grpc));
        super::write_file(&unfinished, text.as_bytes())?;
        std::fs::rename(&unfinished, path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Waits for SIGTERM or SIGINT; SIGHUP reads the specs again.
#[cfg(unix)]
async fn wait(server: &Server, config: &ServerConfig) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut reload = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = reload.recv() => match read_specs(&config.specs) {
                Ok(specs) => match server.put_specs(specs).await {
                    Ok(()) => tracing::info!("the specs were read again"),
                    Err(reason) => tracing::error!(reason, "the specs could not be kept; the earlier ones hold"),
                },
                Err(error) => tracing::error!(%error, "the specs cannot be read; the earlier ones hold"),
            },
        }
    }
}

#[cfg(not(unix))]
async fn wait(_server: &Server, _config: &ServerConfig) -> Result<()> {
    Ok(tokio::signal::ctrl_c().await?)
}
