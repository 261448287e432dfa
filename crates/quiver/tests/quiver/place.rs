//! A folder of its own for each test, and the binary called inside it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// What one call of the binary said, and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// The results.
    pub out: String,
    /// The notes and errors.
    pub err: String,
}

impl Ran {
    /// Fails unless the call ended with this code.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\nout: {}\nerr: {}", self.out, self.err);
        self
    }

    /// Fails unless every text stands in the results or the notes.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(
                self.out.contains(text) || self.err.contains(text),
                "no {text:?}\nout: {}\nerr: {}",
                self.out,
                self.err
            );
        }
        self
    }

    /// Fails if a panic or a Rust type shows through.
    #[track_caller]
    pub fn shown_to_people(self) -> Self {
        for inner in ["panicked", "RUST_BACKTRACE", "unwrap()", "Some(", "None,", "Err(", "src/"] {
            assert!(!self.err.contains(inner), "{inner:?} in: {}", self.err);
        }
        self
    }

    /// The results as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.out, self.err))
    }
}

/// A folder that vanishes with the test.
pub struct Place(TempDir);

impl Place {
    /// An empty folder.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A path inside.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The binary with these arguments, not yet started.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        command(self.0.path(), arguments)
    }

    /// Runs the binary here.
    pub fn quiver<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Ran {
        run(self.command(arguments))
    }
}

/// The binary in a folder, without what the caller's environment would change.
pub fn command<A: AsRef<OsStr>>(folder: &Path, arguments: &[A]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quiver"));
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    for variable in ["QUIVER_DATA_FOLDER", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a command to its end.
pub fn run(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs the binary in a folder.
pub fn quiver_in<A: AsRef<OsStr>>(folder: &Path, arguments: &[A]) -> Ran {
    run(command(folder, arguments))
}
