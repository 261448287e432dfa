//! Puts files on the disk so that they survive a power cut; knows nothing of their content.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Makes the names in `folder` durable: a new or renamed file is only safe once its folder is synced.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // The parent of a relative name is the empty path.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Writes `bytes` to `path` whole or not at all, durably.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Makes a file and its name durable.
pub(crate) fn sync_file(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Creates `folder` and the folders above it, durably.
pub(crate) fn create_folders(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> =
        folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    missing.into_iter().filter_map(Path::parent).try_for_each(sync_folder)
}

/// Gives a damaged file a second name, durably, and returns it; none when the file is gone. Where no second name can be
/// given, on another file system, it is copied.
pub(crate) fn keep_aside(file: &Path, kept_at: &Path) -> io::Result<Option<PathBuf>> {
    if let Some(folder) = kept_at.parent() {
        create_folders(folder)?;
    }
    // An earlier attempt that was interrupted left it.
    if kept_at.exists() {
        std::fs::remove_file(kept_at)?;
    }
    // A name first: bytes that cannot be read cannot be copied.
    let kept = std::fs::hard_link(file, kept_at).or_else(|_| std::fs::copy(file, kept_at).map(|_| ()));
    match kept {
        Ok(()) => sync_file(kept_at).map(|()| Some(kept_at.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
