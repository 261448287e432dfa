//! Summarises vectors by their centroid and their norms; never keeps a vector.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Float64Type};
use std::sync::Arc;

use crate::codec::{CodecError, Reader, Writer};
use crate::column::response::{from_fixed, to_fixed};
use crate::column::summary::ColumnSummary;
use crate::column::{Counts, NumberValues};

/// Order-independent summary of vectors.
///
/// The dimension is that of most rows; as the rows come in any order, sums are kept for every dimension seen, at most
/// [`EmbeddingValues::MOST_DIMENSIONS`] of them (the smallest), and further ones are only counted.
#[derive(Debug, Clone)]
pub struct EmbeddingValues {
    /// By dimension, ascending: rows and the sum of each component in fixed point (2^-40).
    centroids: Vec<Centroid>,
    /// Rows whose dimension is not followed.
    other_dimension: u64,
    non_finite: u64,
    norms: NumberValues,
}

#[derive(Debug, Clone)]
struct Centroid {
    rows: u64,
    sums: Vec<i128>,
}

impl Default for EmbeddingValues {
    fn default() -> Self {
        // No single norm is kept: norms are summarised as a private column is.
        Self { centroids: Vec::new(), other_dimension: 0, non_finite: 0, norms: NumberValues::new(None) }
    }
}

impl EmbeddingValues {
    /// The most dimensions whose sums are kept.
    pub const MOST_DIMENSIONS: usize = 4;

    pub(super) fn update(&mut self, array: &ArrayRef, counts: &mut Counts) {
        let item = Arc::new(Field::new("item", DataType::Float64, true));
        let lists = cast(array, &DataType::LargeList(item)).expect("lists of floats convert");
        let lists = lists.as_list::<i64>();
        counts.null += lists.null_count() as u64;
        let mut norms = Vec::with_capacity(lists.len());
        for row in (0..lists.len()).filter(|&row| lists.is_valid(row)) {
            let list = lists.value(row);
            let list = list.as_primitive::<Float64Type>();
            if list.null_count() > 0 || list.values().iter().any(|value| !value.is_finite()) {
                self.non_finite += 1;
                continue;
            }
            if let Some(norm) = self.add(list.values()) {
                norms.push(norm);
            }
        }
        self.norms.add_all(&norms);
    }

    /// Adds a vector of finite numbers; returns its Euclidean norm if that is finite.
    fn add(&mut self, vector: &[f64]) -> Option<f64> {
        match self.centroid(vector.len()) {
            Some(centroid) => {
                centroid.rows += 1;
                for (sum, &value) in centroid.sums.iter_mut().zip(vector) {
                    *sum += to_fixed(value).unwrap_or(0);
                }
            }
            None => self.other_dimension += 1,
        }
        let norm = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
        norm.is_finite().then_some(norm)
    }

    /// Finds or makes the sums of a dimension; the smallest dimensions win, whatever came first.
    fn centroid(&mut self, dimension: usize) -> Option<&mut Centroid> {
        let at = self.centroids.partition_point(|centroid| centroid.sums.len() < dimension);
        if self.centroids.get(at).is_none_or(|centroid| centroid.sums.len() != dimension) {
            if at >= Self::MOST_DIMENSIONS {
                return None;
            }
            self.centroids.insert(at, Centroid { rows: 0, sums: vec![0; dimension] });
            if self.centroids.len() > Self::MOST_DIMENSIONS {
                self.other_dimension += self.centroids.pop().map_or(0, |centroid| centroid.rows);
            }
        }
        self.centroids.get_mut(at)
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.other_dimension += other.other_dimension;
        self.non_finite += other.non_finite;
        self.norms.merge(&other.norms);
        for theirs in &other.centroids {
            match self.centroid(theirs.sums.len()) {
                Some(mine) => {
                    mine.rows += theirs.rows;
                    mine.sums.iter_mut().zip(&theirs.sums).for_each(|(mine, theirs)| *mine += theirs);
                }
                None => self.other_dimension += theirs.rows,
            }
        }
    }

    /// The sums of the dimension that most rows have; the smaller dimension on a tie.
    fn main(&self) -> Option<&Centroid> {
        self.centroids.iter().reduce(|best, centroid| if centroid.rows > best.rows { centroid } else { best })
    }

    /// The dimension that most rows have.
    pub fn dimension(&self) -> Option<usize> {
        self.main().map(|centroid| centroid.sums.len())
    }

    /// Rows with another dimension.
    pub fn wrong_dimension(&self) -> u64 {
        let all: u64 = self.centroids.iter().map(|centroid| centroid.rows).sum();
        self.other_dimension + all - self.main().map_or(0, |centroid| centroid.rows)
    }

    /// Rows with a component that is null, NaN or infinite; they are in no other figure.
    pub fn non_finite(&self) -> u64 {
        self.non_finite
    }

    /// The mean vector of the rows with the main dimension, each component rounded to 2^-40.
    pub fn centroid_vector(&self) -> Option<Vec<f64>> {
        let main = self.main().filter(|centroid| centroid.rows > 0)?;
        Some(main.sums.iter().map(|&sum| from_fixed(sum) / main.rows as f64).collect())
    }

    /// The Euclidean norms of all finite vectors.
    pub fn norms(&self) -> &NumberValues {
        &self.norms
    }

    pub(super) fn summarise(&self, summary: &mut ColumnSummary) {
        self.norms.summarise(summary);
        summary.distinct = None;
        summary.dimension = self.dimension().map(|dimension| dimension as u64);
        summary.wrong_dimension = Some(self.wrong_dimension());
        summary.non_finite = Some(self.non_finite);
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.unsigned(self.other_dimension);
        writer.unsigned(self.non_finite);
        self.norms.write(writer);
        writer.unsigned(self.centroids.len() as u64);
        for centroid in &self.centroids {
            writer.unsigned(centroid.rows);
            writer.unsigned(centroid.sums.len() as u64);
            centroid.sums.iter().for_each(|&sum| writer.wide(sum));
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let (other_dimension, non_finite) = (reader.count()?, reader.count()?);
        let norms = NumberValues::read(reader)?;
        let mut centroids = Vec::new();
        for _ in 0..reader.length()? {
            let rows = reader.count()?;
            let sums: Vec<i128> = (0..reader.length()?).map(|_| reader.total()).collect::<Result<_, _>>()?;
            centroids.push(Centroid { rows, sums });
        }
        let ascending = centroids.is_sorted_by(|left, right| left.sums.len() < right.sums.len());
        if !ascending || centroids.len() > Self::MOST_DIMENSIONS {
            return Err(CodecError::Invalid { field: "centroids" });
        }
        Ok(Self { centroids, other_dimension, non_finite, norms })
    }
}
