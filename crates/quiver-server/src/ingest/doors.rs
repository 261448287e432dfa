//! The models that this server knows, each with what its spec accepts and how its events are cleaned.

use quiver_door::decode::builder::EventBuilder;
use quiver_door::detect::Detectors;
use quiver_door::redact::{Cleaner, KeyRing};
use quiver_event::spec::Spec;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Builders kept for the next request; making one reads the whole spec.
const KEPT_BUILDERS: usize = 8;

/// What one model accepts.
#[derive(Debug)]
pub struct ModelDoor {
    /// The spec.
    pub spec: Arc<Spec>,
    /// Applies the spec's privacy.
    pub cleaner: Cleaner,
    builders: Mutex<Vec<EventBuilder>>,
}

impl ModelDoor {
    /// A builder of this model's events, empty; give it back with [`Self::keep`].
    pub fn builder(&self) -> EventBuilder {
        let kept = self.builders.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_else(|| EventBuilder::new(&self.spec))
    }

    /// Keeps an empty builder for the next request.
    pub fn keep(&self, builder: EventBuilder) {
        let mut builders = self.builders.lock().unwrap_or_else(PoisonError::into_inner);
        if builder.is_empty() && builders.len() < KEPT_BUILDERS {
            builders.push(builder);
        }
    }
}

/// All models of the workspace.
#[derive(Debug)]
pub struct Doors {
    keys: Arc<KeyRing>,
    detectors: Arc<Detectors>,
    models: RwLock<BTreeMap<String, Arc<ModelDoor>>>,
}

impl Doors {
    /// No models yet.
    pub fn new(keys: Arc<KeyRing>, detectors: Arc<Detectors>) -> Self {
        Self { keys, detectors, models: RwLock::default() }
    }

    /// Takes a model in, or another version of its spec.
    pub fn put(&self, spec: Arc<Spec>) {
        let cleaner = Cleaner::new(&spec, Arc::clone(&self.keys), Arc::clone(&self.detectors));
        let name = spec.model.clone();
        let door = Arc::new(ModelDoor { spec, cleaner, builders: Mutex::default() });
        self.models.write().unwrap_or_else(PoisonError::into_inner).insert(name, door);
    }

    /// The door of a model.
    pub fn get(&self, model: &str) -> Option<Arc<ModelDoor>> {
        self.models.read().unwrap_or_else(PoisonError::into_inner).get(model).cloned()
    }

    /// The names of all models, sorted.
    pub fn names(&self) -> Vec<String> {
        self.models.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// The detectors that every text passes.
    pub fn detectors(&self) -> &Detectors {
        &self.detectors
    }
}
