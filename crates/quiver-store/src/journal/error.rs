//! Says what can go wrong with a journal, where, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Why the journal refused.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("cannot {action} {path}: {source}")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk, or the share of it that this user may fill, is full. Nothing of it stays; an open journal goes on.
    #[error("no room to write {path}: {source}; free the disk and try again")]
    Full {
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else holds the journal.
    #[error("journal {path} is open in another process; stop that process first")]
    InUse {
        /// The journal's folder.
        path: PathBuf,
    },
    /// A sync failed earlier, or a write that could not be undone: what is on disk is unknown until the journal is opened anew.
    #[error("journal {path} stopped after a failure ({reason}); free the disk and reopen it")]
    Poisoned {
        /// The journal's folder.
        path: PathBuf,
        /// The first failure.
        reason: String,
    },
    /// A frame is longer than the journal accepts.
    #[error("frame of {length_bytes} bytes is over the limit of {limit_bytes}; send smaller batches")]
    FrameTooLong {
        /// Its length.
        length_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// A name is longer than a frame can carry.
    #[error("{what} of {length_bytes} bytes is over the limit of {limit_bytes}")]
    NameTooLong {
        /// Which name.
        what: &'static str,
        /// Its length.
        length_bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// Bytes read back are not the bytes written.
    #[error("{path} is damaged at byte {position}: {reason}; reopen the journal to set the file aside and go on")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        position: u64,
        /// What does not fit.
        reason: String,
    },
    /// A file in the folder belongs to another journal or to a newer Quiver.
    #[error("{path} does not belong to this journal: {reason}; move it out of the folder")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// Neither the identity file nor any journal file says which epoch this journal has.
    #[error("{path} has lost its identity: both the identity file and every file header are damaged; restore a backup")]
    IdentityLost {
        /// The journal's folder.
        path: PathBuf,
    },
    /// The wanted offset was cut away already.
    #[error("offset {wanted} was cut from the journal, which starts at {first}")]
    Cut {
        /// The offset asked for.
        wanted: u64,
        /// The oldest one kept.
        first: u64,
    },
}

impl JournalError {
    pub(crate) fn disk(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path, source },
            _ => Self::Disk { action, path, source },
        }
    }
}
