//! The references that pages compare with: the profiles of known-good data, as they were pinned.

use super::Views;
use crate::pipeline::{Pipeline, PipelineError};
use quiver_profile::Profile;
use std::sync::{Arc, PoisonError};

/// References kept; a profile of thousands of columns takes tens of megabytes.
const KEPT: usize = 8;

/// A reference that was read: its derivation, its arm, and the profile, where the arm has one.
pub(super) type Kept = (String, String, Option<Arc<Profile>>);

impl Views {
    /// The reference of an arm; a derivation names it for good.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub async fn reference(
        &self,
        pipeline: &Pipeline,
        derivation: &str,
        arm: &str,
    ) -> Result<Option<Arc<Profile>>, PipelineError> {
        let key = format!("{}/{derivation}", pipeline.spec().model);
        {
            let mut kept = self.references.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = kept.iter().position(|(of, of_arm, _)| *of == key && of_arm == arm) {
                let found = kept.remove(place);
                let profile = found.2.clone();
                // Those used last are at the end.
                kept.push(found);
                return Ok(profile);
            }
        }
        let profile = pipeline.reference_profile(arm).await?.map(Arc::new);
        // A reference may still be pinned: only one that is there, or whose derivation is, is known for good.
        if profile.is_some() {
            let mut kept = self.references.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() >= KEPT {
                kept.remove(0);
            }
            kept.push((key, arm.to_owned(), profile.clone()));
        }
        Ok(profile)
    }
}
