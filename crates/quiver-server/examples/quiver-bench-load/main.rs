//! Loads a server with realistic events and prints what it acknowledged as one JSON line; see bench/README.md.

mod body;
mod event;
mod http;
mod measure;
mod nats;
mod parse_only;
mod sequence;
mod settings;

use settings::{Mode, Settings};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let settings = Settings::read(std::env::args())?;
    let (counts, took, cpu_seconds) = match settings.mode {
        Mode::Http => http::run(&settings)?,
        Mode::ParseOnly => parse_only::run(&settings)?,
        Mode::Nats => nats::run(&settings)?,
    };
    writeln!(std::io::stdout(), "{}", counts.figures(took, cpu_seconds))?;
    Ok(())
}
