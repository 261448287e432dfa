//! Puts the built web UI where the crate embeds it from; without Node.js it was not built, and a page that says so stands
//! in for it.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let built = Path::new("../../ui/dist");
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts")).join("ui");
    println!("cargo::rerun-if-changed={}", built.display());
    println!("cargo::rerun-if-changed=not-built");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    let source = if built.join("index.html").exists() { built } else { Path::new("not-built") };
    copy(source, &target)
}

fn copy(source: &Path, target: &Path) -> io::Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        let to = target.join(entry.file_name());
        if entry.file_type()?.is_dir() { copy(&entry.path(), &to)? } else { fs::copy(entry.path(), to).map(drop)? }
    }
    Ok(())
}
