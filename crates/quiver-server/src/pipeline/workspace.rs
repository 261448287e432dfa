//! What all models of one data folder share: the folder, its journal and its catalogue.

use super::PipelineError;
use super::reference::KeptReferences;
use quiver_store::catalogue::Catalogue;
use quiver_store::data_folder::DataFolder;
use quiver_store::journal::{FrameReader, Journal, JournalOptions, Recovery};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// An open data folder with everything in it.
#[derive(Debug)]
pub struct Workspace {
    pub(crate) folder: DataFolder,
    pub(crate) catalogue: Catalogue,
    journal: Mutex<Journal>,
    /// Offsets that the journal lost, as found at its opening and when tables turned out to be ahead of it.
    lost_offsets: AtomicU64,
    pub(super) references: KeptReferences,
}

impl Workspace {
    /// Opens a data folder, and says what the journal's recovery found; `fresh_epoch` names a new journal.
    pub async fn open(path: &Path, fresh_epoch: Uuid) -> Result<(Self, Recovery), PipelineError> {
        let folder = DataFolder::open(path)?;
        let (journal, recovery) = folder.open_journal(fresh_epoch, JournalOptions::default())?;
        let catalogue = folder.open_catalogue().await?;
        let lost_offsets = AtomicU64::new(recovery.lost_offsets);
        let (journal, references) = (Mutex::new(journal), KeptReferences::default());
        Ok((Self { folder, catalogue, journal, lost_offsets, references }, recovery))
    }

    /// Counts offsets that the journal turned out to lack.
    pub(crate) fn note_lost(&self, offsets: u64) {
        self.lost_offsets.fetch_add(offsets, Ordering::Relaxed);
    }

    /// Offsets that the journal lost.
    pub fn lost_offsets(&self) -> u64 {
        self.lost_offsets.load(Ordering::Relaxed)
    }

    /// The folder.
    pub fn folder(&self) -> &DataFolder {
        &self.folder
    }

    /// The catalogue.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The journal, for as long as the guard lives. A thread that panicked while it held the journal left it as it
    /// was between two calls: a frame is written whole or the journal says that it stopped.
    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The durable frames that hold `offset` or later rows; all that are kept where some below it were cut.
    pub(crate) fn frames_from(&self, offset: u64) -> Result<FrameReader, PipelineError> {
        let journal = self.journal();
        Ok(journal.read_from(offset.max(journal.first_offset()))?)
    }
}
