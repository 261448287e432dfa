//! One module a command; each reads its arguments, calls the parts and shows the result.

pub mod check;
pub mod compare;
pub mod config;
pub mod data;
pub mod demo;
pub mod generate;
pub mod init;
pub mod key;
pub mod peers;
pub mod profile;
mod remote;
pub mod replay;
pub mod report;
pub mod serve;
pub mod spec;
pub mod status;
pub mod tail;

use anyhow::{Context as _, Result};
use quiver_event::time::Timestamp;
use std::io::Write;
use std::path::Path;

/// How a command ended, when it ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to complain about.
    Passed,
    /// It worked, and a check failed.
    CheckFailed,
}

/// What every command needs to know of how it was called.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// Results only.
    pub quiet: bool,
}

impl Context {
    /// A note for the person at the terminal, beside the results.
    pub fn note(self, text: &str) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }
}

/// Prints a result.
pub fn print(text: &str) -> Result<()> {
    let mut output = anstream::stdout();
    writeln!(output, "{text}")?;
    output.flush()?;
    Ok(())
}

/// Writes a file that was asked for, whole or not at all.
pub fn write_file(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().with_context(|| format!("{} is no file name", path.display()))?;
    let temporary = folder.join(format!(".{}.part", name.to_string_lossy()));
    std::fs::write(&temporary, content)
        .and_then(|()| std::fs::rename(&temporary, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The clock; the binary alone may read it.
#[expect(clippy::disallowed_methods, reason = "the binary is where the time comes from")]
pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_microsecond())
}

/// Runs the asynchronous parts of a command.
pub fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(future)
}

/// 32 bytes from the system's generator.
///
/// # Panics
/// When the system has no randomness: no key could be made then, and none may be guessed.
pub fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("a system without randomness cannot make keys");
    bytes
}
