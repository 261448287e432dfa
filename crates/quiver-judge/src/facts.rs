//! What was measured of one window and of the reference, by arrow and subject; judges nothing.

use crate::comparison::{ComparisonError, Measured, measure_column};
use crate::distance::Measure;
use crate::finding::Slice;
use quiver_event::Arrow;
use quiver_event::spec::{DriftMeasure, Spec};
use quiver_event::time::{Timestamp, Window};
use quiver_profile::column::{ColumnProfile, Values};
use quiver_profile::outcome::Outcome;
use quiver_profile::profile::Profile;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The subjects that are measured of every prediction, beside its features.
pub mod subject {
    /// Milliseconds from request to answer.
    pub const LATENCY: &str = "latency_ms";
    /// Whether the answer failed.
    pub const FAILED: &str = "failed";
    /// Whether any feature was invalid.
    pub const INVALID_INPUT: &str = "invalid_input";
    /// The score, or the predicted number.
    pub const SCORE: &str = "score";
    /// Whether the first action was taken.
    pub const ACTED: &str = "acted";
    /// Who decided.
    pub const DECIDED_BY: &str = "decided_by";
    /// Whether a rule or guardrail changed the model's action.
    pub const OVERRIDDEN: &str = "overridden";
    /// What was done.
    pub const ACTION: &str = "action";
    /// The rule that decided.
    pub const RULE: &str = "rule";
    /// The rule that decided, where that changed the model's action.
    pub const OVERRIDING_RULE: &str = "overriding_rule";
    /// What an answer used, each a number.
    pub const USED: [&str; 6] = ["cpu_ms", "gpu_ms", "memory_mb", "bytes", "tokens_in", "tokens_out"];

    /// How often an answer called a service.
    pub fn calls_to(service: &str) -> String {
        format!("calls to {service}")
    }
}

/// The profile column of a subject on an arrow: the arrow's name is part of it.
pub fn profile_column(arrow: Arrow, subject: &str) -> String {
    format!("{}/{subject}", arrow.name())
}

/// The outcomes of one window: of the whole population, and of each slice.
#[derive(Debug, Clone, Default)]
pub struct Outcomes {
    /// Of the whole population; nothing when no prediction was joined.
    pub whole: Option<Outcome>,
    /// Of each slice.
    pub slices: BTreeMap<Slice, Outcome>,
}

/// What is known of the reference.
#[derive(Debug, Clone, Default)]
pub struct ReferenceFacts {
    /// Its profile, on its own frozen edges; of a wide model it is large, and every length of periods is judged by it.
    pub profile: Option<Arc<Profile>>,
    /// Its outcomes.
    pub outcomes: Outcomes,
    /// The distances of the reference's own windows, of the length that is judged, from the whole: by profile column,
    /// ascending. Empty when the reference holds too few such windows.
    pub usual_distances: BTreeMap<String, Vec<f64>>,
}

/// The fewest windows of the reference that tell what is usual.
const MINIMUM_REFERENCE_WINDOWS: usize = 5;

/// How far the reference's own windows are from the whole reference, which bounds what is usual; windows are added one
/// by one, since those of a wide model are large.
#[derive(Debug, Clone, Default)]
pub struct UsualDistances {
    windows: usize,
    by_column: BTreeMap<String, Vec<f64>>,
}

impl UsualDistances {
    /// Adds a window of the reference, whose profile stands on the reference's edges.
    ///
    /// # Errors
    /// When the two cannot be compared.
    pub fn add(&mut self, spec: &Spec, reference: &Profile, window: &Profile) -> Result<(), ComparisonError> {
        self.windows += 1;
        for (name, column) in reference.columns() {
            let Some(current) = window.column(name) else { continue };
            if let Measured::ByValue(distance) = measure_column(column, current, measure_of(spec))? {
                self.by_column.entry(name.to_owned()).or_default().push(distance.value);
            }
        }
        Ok(())
    }

    /// The distances by profile column, ascending; none where the windows are too few to tell what is usual.
    pub fn finish(mut self) -> BTreeMap<String, Vec<f64>> {
        if self.windows < MINIMUM_REFERENCE_WINDOWS {
            return BTreeMap::new();
        }
        self.by_column.values_mut().for_each(|distances| distances.sort_by(f64::total_cmp));
        self.by_column
    }
}

/// What was counted of a model in one window beside its predictions: what the door kept out and changed, and orphans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DoorCounts {
    /// Events refused, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Texts in which personal data was seen and redacted, by field and detector.
    pub personal: BTreeMap<(String, String), u64>,
    /// Feedback of the window, by its own time.
    pub feedback: FeedbackCounts,
}

impl DoorCounts {
    /// Whether there is anything that a finding would speak of.
    pub fn is_worth_telling(&self) -> bool {
        self.counted_at_the_door() || self.feedback.orphans > 0
    }

    /// Whether the door kept anything out, or changed it.
    pub fn counted_at_the_door(&self) -> bool {
        !self.refused.is_empty() || !self.personal.is_empty()
    }
}

/// Feedback, and how much of it speaks of nothing that is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeedbackCounts {
    /// Feedback that names a prediction or a decision.
    pub all: u64,
    /// That of it whose prediction never came, or came longer before it than the feedback horizon.
    pub orphans: u64,
}

/// Everything measured of one arm in one window.
#[derive(Debug, Clone, Copy)]
pub struct WindowFacts<'a> {
    /// The arm.
    pub arm: &'a str,
    /// The window.
    pub window: Window,
    /// The profile of its predictions; nothing without any.
    pub profile: Option<&'a Profile>,
    /// The outcomes of its predictions.
    pub outcomes: &'a Outcomes,
    /// The reference.
    pub reference: &'a ReferenceFacts,
    /// What the door counted; nothing for the arms beside the live one, and where there is no door.
    pub door: Option<&'a DoorCounts>,
    /// The latest event time seen: labels of windows that end shortly before it may still come.
    pub watermark: Timestamp,
}

impl<'a> WindowFacts<'a> {
    /// A measured column of the window.
    pub fn column(&self, arrow: Arrow, subject: &str) -> Option<&'a ColumnProfile> {
        self.profile.and_then(|profile| profile.column(&profile_column(arrow, subject)))
    }

    /// The same column of the reference.
    pub fn reference_column(&self, arrow: Arrow, subject: &str) -> Option<&'a ColumnProfile> {
        self.reference.profile.as_ref().and_then(|profile| profile.column(&profile_column(arrow, subject)))
    }

    /// Rows that are true, and rows that are true or false, of a truth column.
    pub fn truth_counts(&self, arrow: Arrow, subject: &str) -> Option<(u64, u64)> {
        truth_counts(self.column(arrow, subject)?)
    }

    /// The same of the reference.
    pub fn reference_truth_counts(&self, arrow: Arrow, subject: &str) -> Option<(u64, u64)> {
        truth_counts(self.reference_column(arrow, subject)?)
    }

    /// The largest distance that the reference's own windows show, where it holds enough of them.
    pub fn usual_distance(&self, arrow: Arrow, subject: &str) -> Option<f64> {
        self.reference.usual_distances.get(&profile_column(arrow, subject)).and_then(|all| all.last().copied())
    }
}

fn truth_counts(column: &ColumnProfile) -> Option<(u64, u64)> {
    let Values::Boolean(values) = column.values() else { return None };
    Some((values.true_count, values.true_count + values.false_count))
}

/// The distance measure that the spec asks for.
pub fn measure_of(spec: &Spec) -> Measure {
    match spec.drift.measure {
        DriftMeasure::Psi => Measure::Psi,
        DriftMeasure::Kl => Measure::KullbackLeibler,
        DriftMeasure::Js => Measure::JensenShannon,
        DriftMeasure::Hellinger => Measure::Hellinger,
        DriftMeasure::TotalVariation => Measure::TotalVariation,
        DriftMeasure::LInfinity => Measure::LInfinity,
        DriftMeasure::Ks => Measure::KolmogorovSmirnov,
        DriftMeasure::Wasserstein => Measure::Wasserstein,
    }
}
