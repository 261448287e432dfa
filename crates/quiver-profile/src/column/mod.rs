//! Profiles one column of a batch: common counts, and the values by their kind; knows no other column.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use serde::Serialize;
use thiserror::Error;

use crate::codec::{CodecError, Reader, Writer};
use crate::edges::{BinLabel, Edges, EdgesById, EdgesId};

mod boolean;
mod category;
mod counts;
mod embedding;
mod number;
mod response;
mod summary;
mod text;
mod texts;
mod timestamp;

pub use boolean::BooleanValues;
pub use category::{CategoryValues, LONGEST_VALUE};
pub use counts::{CostSum, Costs, Counts, MAXIMUM_REASONS, RowStatus};
pub use embedding::EmbeddingValues;
pub use number::NumberValues;
pub use response::{Response, from_fixed, to_fixed};
pub use summary::{ColumnSummary, HistogramBar, LengthSummary, Quantiles, ValueCount};
pub use text::TextValues;
pub use texts::tally_rows;
pub use timestamp::TimestampValues;

/// What kind of values a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Numbers of any width, as `f64`: integers above 2^53 are rounded to the nearest representable number.
    Number,
    /// Values from a set: strings, or numbers and truth values by their text.
    Category,
    /// True and false.
    Boolean,
    /// Free text: its values are never kept.
    Text,
    /// Points in time, as microseconds since 1970 in UTC.
    Timestamp,
    /// Vectors of floats.
    Embedding,
}

impl ColumnKind {
    const ALL: [Self; 6] = [Self::Number, Self::Category, Self::Boolean, Self::Text, Self::Timestamp, Self::Embedding];

    /// The kind a column of this Arrow type is profiled as when nobody says otherwise; nothing when it cannot be.
    pub fn of_type(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => Self::Boolean,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Category,
            DataType::Dictionary(_, value) => match Self::of_type(value)? {
                kind @ (Self::Category | Self::Number) => kind,
                _ => return None,
            },
            DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 => Self::Timestamp,
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _)
                if item.data_type().is_floating() =>
            {
                Self::Embedding
            }
            other if other.is_numeric() => Self::Number,
            _ => return None,
        })
    }

    /// Whether a column of this Arrow type can be profiled as this kind.
    pub fn accepts(self, data_type: &DataType) -> bool {
        if *data_type == DataType::Null {
            return true;
        }
        let Some(own) = Self::of_type(data_type) else { return false };
        match self {
            Self::Number => own == Self::Number || *data_type == DataType::Boolean,
            Self::Category => matches!(own, Self::Category | Self::Number | Self::Boolean),
            Self::Text => own == Self::Category,
            _ => own == self,
        }
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Number => "number",
            Self::Category => "category",
            Self::Boolean => "boolean",
            Self::Text => "text",
            Self::Timestamp => "timestamp",
            Self::Embedding => "embedding",
        })
    }
}

/// Whether single values of a column may be kept and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// Values, extremes and frequent items may be kept.
    Public,
    /// Only counts, sums and bins are kept.
    Private,
}

/// How a column's edges are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgesForm {
    /// With all their points or categories.
    Whole,
    /// By their identity.
    Named,
}

/// What follows in the bytes of a column: nothing, whole edges, or their identity.
const NO_EDGES: u8 = 0;
const WHOLE_EDGES: u8 = 1;
const NAMED_EDGES: u8 = 2;

/// Why a column could not be profiled or merged.
#[derive(Debug, Error, PartialEq)]
pub enum ColumnError {
    /// The column's Arrow type does not fit its kind.
    #[error("column {column} is planned as {kind} but holds {found}")]
    Type {
        /// The column's name in the plan.
        column: String,
        /// The kind in the plan.
        kind: ColumnKind,
        /// The type in the batch.
        found: DataType,
    },
    /// Two profiles of a column were counted on different edges.
    #[error("column {column} was counted on edges {mine} and {theirs}", mine = Shown(*mine), theirs = Shown(*theirs))]
    Edges {
        /// The column's name.
        column: String,
        /// The edges of the profile that was merged into.
        mine: Option<EdgesId>,
        /// The edges of the profile that was to be added.
        theirs: Option<EdgesId>,
    },
    /// Two profiles of a column differ in kind or disclosure.
    #[error("column {column} is {mine} in one profile and {theirs} in the other")]
    Kind {
        /// The column's name.
        column: String,
        /// Kind and disclosure of the profile that was merged into.
        mine: String,
        /// Kind and disclosure of the profile that was to be added.
        theirs: String,
    },
    /// The edges of a plan do not fit the column's kind.
    #[error("column {column} is planned as {kind}, its edges are of another kind")]
    EdgesKind {
        /// The column's name.
        column: String,
        /// The kind in the plan.
        kind: ColumnKind,
    },
}

/// Shows an identity or its absence.
struct Shown(Option<EdgesId>);

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(id) => write!(formatter, "{id}"),
            None => formatter.write_str("none"),
        }
    }
}

/// Buffers that are reused from column to column.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The finite numbers of a column.
    finite: Vec<f64>,
    /// The coarse bin of each row, when a response is summed by bin.
    bins: Vec<u16>,
}

/// The values of one kind.
#[derive(Debug, Clone)]
pub enum Values {
    /// Numbers.
    Number(Box<NumberValues>),
    /// Categories.
    Category(Box<CategoryValues>),
    /// Truth values.
    Boolean(BooleanValues),
    /// Free text.
    Text(Box<TextValues>),
    /// Points in time.
    Timestamp(Box<TimestampValues>),
    /// Vectors.
    Embedding(Box<EmbeddingValues>),
}

/// The mergeable profile of one column.
#[derive(Debug, Clone)]
pub struct ColumnProfile {
    kind: ColumnKind,
    disclosure: Disclosure,
    counts: Counts,
    edges: Option<Arc<Edges>>,
    /// Counts of the fine cells of `edges`, nulls apart.
    cells: Vec<u64>,
    response: Option<Response>,
    values: Values,
}

impl ColumnProfile {
    /// Returns an empty profile; `value_limit` bounds the distinct values that are kept of a public column. With
    /// `has_response` and edges, the model's output is summed by coarse bin.
    pub fn new(
        kind: ColumnKind,
        disclosure: Disclosure,
        edges: Option<Arc<Edges>>,
        value_limit: usize,
        has_response: bool,
    ) -> Self {
        let kept = (disclosure == Disclosure::Public).then_some(value_limit);
        let values = match kind {
            ColumnKind::Number => Values::Number(Box::new(NumberValues::new(kept))),
            ColumnKind::Category => Values::Category(Box::new(CategoryValues::new(kept))),
            ColumnKind::Boolean => Values::Boolean(BooleanValues::default()),
            ColumnKind::Text => Values::Text(Box::default()),
            ColumnKind::Timestamp => Values::Timestamp(Box::new(TimestampValues::new(kept))),
            ColumnKind::Embedding => Values::Embedding(Box::default()),
        };
        let cells = vec![0; edges.as_ref().map_or(0, |edges| edges.cell_count())];
        let response = edges.as_ref().filter(|_| has_response).map(|edges| Response::new(edges.coarse_bin_count()));
        Self { kind, disclosure, counts: Counts::default(), edges, cells, response, values }
    }

    /// Whether edges of this variety can count a column of this kind.
    pub fn fits(kind: ColumnKind, edges: &Edges) -> bool {
        matches!(
            (kind, edges),
            (ColumnKind::Number, Edges::Number(_))
                | (ColumnKind::Category, Edges::Category(_))
                | (ColumnKind::Boolean, Edges::Boolean)
        )
    }

    /// Adds a column of a batch. The caller has checked the type with [`ColumnKind::accepts`].
    ///
    /// `response` holds each row's model output in fixed point ([`to_fixed`]), when outputs are summed by bin.
    pub fn update(&mut self, array: &ArrayRef, response: Option<&[Option<i128>]>, scratch: &mut Scratch) {
        self.counts.rows += array.len() as u64;
        if *array.data_type() == DataType::Null {
            self.add_nulls(array.len(), response);
            return;
        }
        let wants_bins = response.is_some() && self.response.is_some();
        scratch.bins.clear();
        let mut place = Place { edges: self.edges.as_deref(), cells: &mut self.cells, wants_bins };
        match &mut self.values {
            Values::Number(values) => values.update(array, &mut self.counts, &mut place, scratch),
            Values::Category(values) => values.update(array, &mut self.counts, &mut place, scratch),
            Values::Boolean(values) => values.update(array, &mut self.counts, &mut place, scratch),
            Values::Text(values) => values.update(array, &mut self.counts),
            Values::Timestamp(values) => values.update(array, &mut self.counts),
            Values::Embedding(values) => values.update(array, &mut self.counts),
        }
        if let (Some(outputs), Some(target)) = (response, &mut self.response) {
            target.add_all(&scratch.bins, outputs);
        }
    }

    /// Counts rows of a batch that lacks the column.
    pub fn update_absent(&mut self, rows: usize, response: Option<&[Option<i128>]>) {
        self.counts.rows += rows as u64;
        self.counts.absent += rows as u64;
        self.add_nulls(rows, response);
    }

    fn add_nulls(&mut self, rows: usize, response: Option<&[Option<i128>]>) {
        self.counts.null += rows as u64;
        if let (Some(outputs), Some(target)) = (response, &mut self.response) {
            let nulls = vec![target.counts().len() as u16 - 1; rows];
            target.add_all(&nulls, outputs);
        }
    }

    /// Counts rows by the status and invalidity that came with them.
    pub fn update_facts(&mut self, statuses: Option<&ArrayRef>, reasons: Option<&ArrayRef>) {
        if let Some(statuses) = statuses {
            texts::for_each(statuses, |text, count| {
                if let Some(text) = text {
                    self.counts.add_status(text, count);
                }
            });
        }
        if let Some(reasons) = reasons {
            texts::for_each(reasons, |text, count| {
                if let Some(text) = text {
                    self.counts.add_invalid(text, count);
                }
            });
        }
    }

    /// Adds what rows tell of the cost of their values.
    pub fn add_costs(&mut self, costs: &Costs) {
        self.counts.costs.merge(costs);
    }

    /// Checks that another profile of the same column can be merged into this one.
    pub fn check_merge(&self, other: &Self, column: &str) -> Result<(), ColumnError> {
        if (self.kind, self.disclosure) != (other.kind, other.disclosure) {
            let show = |profile: &Self| match profile.disclosure {
                Disclosure::Public => format!("a public {}", profile.kind),
                Disclosure::Private => format!("a private {}", profile.kind),
            };
            return Err(ColumnError::Kind { column: column.to_owned(), mine: show(self), theirs: show(other) });
        }
        let (mine, theirs) = (self.edges_id(), other.edges_id());
        if mine != theirs {
            return Err(ColumnError::Edges { column: column.to_owned(), mine, theirs });
        }
        Ok(())
    }

    /// Adds another profile of the same column; `column` names it in errors. Nothing changes on an error.
    pub fn merge(&mut self, other: &Self, column: &str) -> Result<(), ColumnError> {
        self.check_merge(other, column)?;
        self.counts.merge(&other.counts);
        self.cells.iter_mut().zip(&other.cells).for_each(|(mine, theirs)| *mine += theirs);
        match (&mut self.response, &other.response) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (mine @ None, theirs) => mine.clone_from(theirs),
            _ => {}
        }
        match (&mut self.values, &other.values) {
            (Values::Number(mine), Values::Number(theirs)) => mine.merge(theirs),
            (Values::Category(mine), Values::Category(theirs)) => mine.merge(theirs),
            (Values::Boolean(mine), Values::Boolean(theirs)) => mine.merge(theirs),
            (Values::Text(mine), Values::Text(theirs)) => mine.merge(theirs),
            (Values::Timestamp(mine), Values::Timestamp(theirs)) => mine.merge(theirs),
            (Values::Embedding(mine), Values::Embedding(theirs)) => mine.merge(theirs),
            _ => unreachable!("equal kinds hold equal variants"),
        }
        Ok(())
    }

    /// The kind of values.
    pub fn kind(&self) -> ColumnKind {
        self.kind
    }

    /// Whether single values may be shown.
    pub fn disclosure(&self) -> Disclosure {
        self.disclosure
    }

    /// The counts common to all kinds.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The values by their kind.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The frozen edges on which this column is counted.
    pub fn edges(&self) -> Option<&Arc<Edges>> {
        self.edges.as_ref()
    }

    /// The identity of the edges.
    pub fn edges_id(&self) -> Option<EdgesId> {
        self.edges.as_ref().map(|edges| edges.id())
    }

    /// Exact counts of the fine cells, in the order of the edges' points or categories; empty without edges.
    pub fn cells(&self) -> &[u64] {
        &self.cells
    }

    /// Rows in the null bin: null and NaN.
    pub fn null_bin(&self) -> u64 {
        self.counts.null + self.counts.nan
    }

    /// Exact counts of the coarse bins with their labels, null last; empty without edges.
    pub fn coarse(&self) -> Vec<(BinLabel, u64)> {
        let Some(edges) = &self.edges else { return Vec::new() };
        edges.coarse_labels().into_iter().zip(edges.coarse_counts(&self.cells, self.null_bin())).collect()
    }

    /// The model's output by coarse bin, in the order of [`ColumnProfile::coarse`].
    pub fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    /// What a screen shows of this column.
    pub fn summary(&self, name: &str) -> ColumnSummary {
        let mut summary = ColumnSummary::of_counts(name, self.kind, self.disclosure, &self.counts);
        summary.edges = self.edges_id();
        match &self.values {
            Values::Number(values) => values.summarise(&mut summary),
            Values::Category(values) => values.summarise(&mut summary),
            Values::Boolean(values) => values.summarise(&mut summary),
            Values::Text(values) => values.summarise(&mut summary),
            Values::Timestamp(values) => values.summarise(&mut summary),
            Values::Embedding(values) => values.summarise(&mut summary),
        }
        summary
    }

    /// Freezes edges for this column from its own values: nothing when there are none or when the kind has no edges.
    ///
    /// `declared` are the categories a spec names; for a private category column they are the only ones.
    pub fn freeze(&self, declared: Option<&[String]>) -> Option<Edges> {
        match &self.values {
            Values::Number(values) => values.freeze().map(Edges::Number),
            Values::Category(values) => values.freeze(declared.unwrap_or_default()).map(Edges::Category),
            Values::Boolean(_) => Some(Edges::Boolean),
            _ => None,
        }
    }

    /// Writes the profile, with its edges whole or by their identity alone.
    pub fn write(&self, writer: &mut Writer, form: EdgesForm) {
        writer.byte(self.kind as u8);
        writer.flag(self.disclosure == Disclosure::Private);
        self.counts.write(writer);
        match (&self.edges, form) {
            (None, _) => writer.byte(NO_EDGES),
            (Some(edges), EdgesForm::Whole) => {
                writer.byte(WHOLE_EDGES);
                edges.write(writer);
            }
            (Some(edges), EdgesForm::Named) => {
                writer.byte(NAMED_EDGES);
                writer.wide(edges.id().0.cast_signed());
            }
        }
        if self.edges.is_some() {
            writer.counts(&self.cells);
        }
        writer.flag(self.response.is_some());
        if let Some(response) = &self.response {
            response.write(writer);
        }
        match &self.values {
            Values::Number(values) => values.write(writer),
            Values::Category(values) => values.write(writer),
            Values::Boolean(values) => values.write(writer),
            Values::Text(values) => values.write(writer),
            Values::Timestamp(values) => values.write(writer),
            Values::Embedding(values) => values.write(writer),
        }
    }

    /// Reads what [`ColumnProfile::write`] wrote, in this or an earlier version of the format; `known` holds the edges
    /// that it may name.
    pub fn read(reader: &mut Reader<'_>, version: u16, known: &EdgesById) -> Result<Self, CodecError> {
        let invalid = |field| CodecError::Invalid { field };
        let kind = *ColumnKind::ALL.get(usize::from(reader.byte()?)).ok_or_else(|| invalid("column kind"))?;
        let disclosure = if reader.flag()? { Disclosure::Private } else { Disclosure::Public };
        let counts = Counts::read(reader, version)?;
        let edges = match reader.byte()? {
            NO_EDGES => None,
            WHOLE_EDGES => Some(Arc::new(Edges::read(reader)?)),
            // Versions before 4 had them whole or not at all.
            NAMED_EDGES if version >= 4 => {
                let id = reader.wide()?.cast_unsigned();
                Some(Arc::clone(known.get(&EdgesId(id)).ok_or(CodecError::EdgesApart { id })?))
            }
            _ => return Err(invalid("edges")),
        };
        let mut cells = Vec::new();
        if let Some(edges) = &edges {
            cells = reader.counts()?;
            if cells.len() != edges.cell_count() || !Self::fits(kind, edges) {
                return Err(invalid("cells"));
            }
        }
        let response = if reader.flag()? { Some(Response::read(reader)?) } else { None };
        let bins = edges.as_ref().map_or(0, |edges| edges.coarse_bin_count());
        if response.as_ref().is_some_and(|response| response.counts().len() != bins) {
            return Err(invalid("response"));
        }
        let values = match kind {
            ColumnKind::Number => Values::Number(Box::new(NumberValues::read(reader)?)),
            ColumnKind::Category => Values::Category(Box::new(CategoryValues::read(reader)?)),
            ColumnKind::Boolean => Values::Boolean(BooleanValues::read(reader)?),
            ColumnKind::Text => Values::Text(Box::new(TextValues::read(reader)?)),
            ColumnKind::Timestamp => Values::Timestamp(Box::new(TimestampValues::read(reader)?)),
            ColumnKind::Embedding => Values::Embedding(Box::new(EmbeddingValues::read(reader)?)),
        };
        Ok(Self { kind, disclosure, counts, edges, cells, response, values })
    }
}

/// Where a column's rows are counted by cell.
struct Place<'a> {
    edges: Option<&'a Edges>,
    cells: &'a mut [u64],
    /// Whether each row's coarse bin is to be left in the scratch buffer.
    wants_bins: bool,
}
