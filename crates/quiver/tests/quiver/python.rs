//! Runs the tests in Python: Quiver's tables and sketches, opened by tools that know nothing of Quiver.

use crate::year::year;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn tables_and_sketches_open_in_python() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let output = Command::new(interpreter(&root))
        .args(["-m", "pytest", "-p", "no:cacheprovider", "-q", "tests/python"])
        .current_dir(&root)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("QUIVER_TABLES", year().data.join("tables"))
        .env("QUIVER_SKETCH_EXAMPLE", sketch_example(&root))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains(" passed") && !said.contains("skipped"), "{said}");
}

/// The Python that has what the tests need; made when nobody named one.
fn interpreter(root: &Path) -> PathBuf {
    if let Some(named) = std::env::var_os("QUIVER_PYTHON").filter(|named| !named.is_empty()) {
        return named.into();
    }
    let made = Command::new(root.join("scripts/python.sh"))
        .arg("tests/python/requirements.txt")
        .current_dir(root)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().into()
}

/// The example that writes sketches. `cargo test` builds it; `cargo build --tests` does not.
fn sketch_example(root: &Path) -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_quiver")).parent().unwrap();
    let example = folder.join("examples").join("write_sketches");
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    // The whole workspace, so that no dependency is built again with fewer features.
    let built = Command::new(env!("CARGO"))
        .args(["build", "--workspace", "--example", "write_sketches", "--profile", profile])
        .args(["--offline", "--locked", "--quiet"])
        .current_dir(root)
        .env("CARGO_TARGET_DIR", folder.parent().unwrap())
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    example
}
