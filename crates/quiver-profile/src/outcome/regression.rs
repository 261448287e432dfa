//! Figures of a regression: errors over all, and by prediction.

use std::sync::Arc;

use serde::Serialize;

use crate::codec::{CodecError, Reader, Writer};
use crate::edges::{BinLabel, Edges};
use crate::outcome::OutcomeError;
use crate::sketch::moments::Moments;

/// Larger errors could not be squared: 2^500.
const LARGEST_ERROR: f64 = f64::from_bits((500 + 1023) << 52);

/// The errors of the predictions in one coarse bin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PredictionBin {
    /// The predictions in the bin.
    pub label: BinLabel,
    /// Labelled predictions.
    pub rows: u64,
    /// Mean of |prediction − label|.
    pub mean_absolute_error: Option<f64>,
    /// Mean of prediction − label: positive when the model says too much.
    pub mean_error: Option<f64>,
}

/// The mergeable figures of a regression, over labelled predictions.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionOutcome {
    edges: Option<Arc<Edges>>,
    errors: Moments,
    absolute: Moments,
    squared: Moments,
    too_large: u64,
    /// By coarse bin of the prediction: absolute and signed errors.
    bins: Vec<(Moments, Moments)>,
}

impl RegressionOutcome {
    pub(super) fn new(edges: Option<Arc<Edges>>) -> Self {
        // Only number edges can place a prediction; others are left out.
        let edges = edges.filter(|edges| edges.as_number().is_some());
        let bins =
            vec![(Moments::default(), Moments::default()); edges.as_ref().map_or(0, |edges| edges.coarse_bin_count())];
        Self {
            edges,
            errors: Moments::default(),
            absolute: Moments::default(),
            squared: Moments::default(),
            too_large: 0,
            bins,
        }
    }

    pub(super) fn add(&mut self, prediction: f64, label: f64) {
        let error = prediction - label;
        if error.abs() >= LARGEST_ERROR {
            self.too_large += 1;
            return;
        }
        self.errors.add(error);
        self.absolute.add(error.abs());
        self.squared.add(error * error);
        if let Some(edges) = self.edges.as_ref().and_then(|edges| edges.as_number()) {
            let (absolute, signed) = &mut self.bins[edges.coarse_of(edges.cell_of(prediction))];
            absolute.add(error.abs());
            signed.add(error);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<(), OutcomeError> {
        let id = |edges: &Option<Arc<Edges>>| edges.as_ref().map(|edges| edges.id());
        if id(&self.edges) != id(&other.edges) {
            return Err(OutcomeError::Edges { mine: id(&self.edges), theirs: id(&other.edges) });
        }
        self.errors.merge(&other.errors);
        self.absolute.merge(&other.absolute);
        self.squared.merge(&other.squared);
        self.too_large += other.too_large;
        for (mine, theirs) in self.bins.iter_mut().zip(&other.bins) {
            mine.0.merge(&theirs.0);
            mine.1.merge(&theirs.1);
        }
        Ok(())
    }

    /// Errors prediction − label.
    pub fn errors(&self) -> &Moments {
        &self.errors
    }

    /// Absolute errors.
    pub fn absolute_errors(&self) -> &Moments {
        &self.absolute
    }

    /// Squared errors.
    pub fn squared_errors(&self) -> &Moments {
        &self.squared
    }

    /// Predictions whose error is 2^500 or more; they are in no other figure.
    pub fn too_large(&self) -> u64 {
        self.too_large
    }

    /// Errors by coarse bin of the prediction; empty without frozen edges of the prediction.
    pub fn by_prediction(&self) -> Vec<PredictionBin> {
        let Some(edges) = &self.edges else { return Vec::new() };
        let bin = |(label, (absolute, signed)): (BinLabel, &(Moments, Moments))| PredictionBin {
            label,
            rows: absolute.count(),
            mean_absolute_error: absolute.mean(),
            mean_error: signed.mean(),
        };
        edges.coarse_labels().into_iter().zip(&self.bins).map(bin).collect()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.flag(self.edges.is_some());
        if let Some(edges) = &self.edges {
            edges.write(writer);
        }
        self.errors.write(writer);
        self.absolute.write(writer);
        self.squared.write(writer);
        writer.unsigned(self.too_large);
        for (absolute, signed) in &self.bins {
            absolute.write(writer);
            signed.write(writer);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let edges = if reader.flag()? { Some(Arc::new(Edges::read(reader)?)) } else { None };
        let mut read = Self::new(edges);
        read.errors = Moments::read(reader)?;
        read.absolute = Moments::read(reader)?;
        read.squared = Moments::read(reader)?;
        read.too_large = reader.count()?;
        for bin in &mut read.bins {
            *bin = (Moments::read(reader)?, Moments::read(reader)?);
        }
        Ok(read)
    }
}
