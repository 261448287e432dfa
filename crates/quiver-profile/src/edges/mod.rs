//! Frozen bin edges: what a reference profile fixes so that later windows are counted exactly; counts nothing itself.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_128;

use crate::codec::{CodecError, Reader, Writer};

mod category;
mod number;

pub use category::{CategoryEdges, MAXIMUM_CATEGORIES};
pub use number::{NumberEdges, NumberReference};

/// The identity of frozen edges: a 128-bit hash (xxh3) of their content. Equal content has equal identity anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgesId(pub u128);

impl fmt::Display for EdgesId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

impl Serialize for EdgesId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Edges by their identity: what profiles that only name theirs are read with.
pub type EdgesById = BTreeMap<EdgesId, Arc<Edges>>;

/// What a coarse bin holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BinLabel {
    /// Numbers below the reference's minimum, which is given; negative infinity too.
    Under(f64),
    /// One heavy number of the reference.
    Value(f64),
    /// Numbers in `above < x ≤ up_to` that are no heavy value; the first range also holds its lower bound.
    Range {
        /// The excluded lower bound (included in the first range); nothing when unbounded.
        above: Option<f64>,
        /// The included upper bound; nothing when unbounded.
        up_to: Option<f64>,
    },
    /// Numbers above the reference's maximum, which is given; positive infinity too.
    Over(f64),
    /// Null and NaN.
    Null,
    /// One category.
    Category(String),
    /// Every category that the edges do not name.
    Unseen,
    /// The truth value true.
    True,
    /// The truth value false.
    False,
}

impl fmt::Display for BinLabel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Under(minimum) => write!(formatter, "< {minimum}"),
            Self::Value(value) => write!(formatter, "= {value}"),
            Self::Range { above: Some(above), up_to: Some(up_to) } => write!(formatter, "{above} – {up_to}"),
            Self::Range { above: None, up_to: Some(up_to) } => write!(formatter, "≤ {up_to}"),
            Self::Range { above: Some(above), up_to: None } => write!(formatter, "> {above}"),
            Self::Range { above: None, up_to: None } => write!(formatter, "all"),
            Self::Over(maximum) => write!(formatter, "> {maximum}"),
            Self::Null => write!(formatter, "null"),
            Self::Category(category) => write!(formatter, "{category}"),
            Self::Unseen => write!(formatter, "unseen"),
            Self::True => write!(formatter, "true"),
            Self::False => write!(formatter, "false"),
        }
    }
}

/// Frozen edges of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Edges {
    /// Points on the number line.
    Number(NumberEdges),
    /// Named categories.
    Category(CategoryEdges),
    /// True and false.
    Boolean,
}

impl Edges {
    /// The identity of these edges.
    pub fn id(&self) -> EdgesId {
        match self {
            Self::Number(edges) => edges.id(),
            Self::Category(edges) => edges.id(),
            Self::Boolean => EdgesId(xxh3_128(b"boolean")),
        }
    }

    /// How many fine cells are counted; nulls are counted apart.
    pub fn cell_count(&self) -> usize {
        match self {
            Self::Number(edges) => edges.cell_count(),
            Self::Category(edges) => edges.cell_count(),
            Self::Boolean => 2,
        }
    }

    /// The labels of the coarse bins; the last is always [`BinLabel::Null`].
    pub fn coarse_labels(&self) -> Vec<BinLabel> {
        match self {
            Self::Number(edges) => edges.coarse_labels(),
            Self::Category(edges) => edges.coarse_labels(),
            Self::Boolean => vec![BinLabel::True, BinLabel::False, BinLabel::Null],
        }
    }

    /// Counts of the coarse bins from those of the fine cells, in the order of the labels.
    pub fn coarse_counts(&self, cells: &[u64], null_count: u64) -> Vec<u64> {
        match self {
            Self::Number(edges) => edges.coarse_counts(cells, null_count),
            _ => cells.iter().copied().chain([null_count]).collect(),
        }
    }

    /// How many coarse bins there are, the null bin included.
    pub fn coarse_bin_count(&self) -> usize {
        match self {
            Self::Number(edges) => edges.coarse_bin_count(),
            _ => self.cell_count() + 1,
        }
    }

    /// The edges of a number column.
    pub fn as_number(&self) -> Option<&NumberEdges> {
        if let Self::Number(edges) = self { Some(edges) } else { None }
    }

    /// The edges of a category column.
    pub fn as_category(&self) -> Option<&CategoryEdges> {
        if let Self::Category(edges) = self { Some(edges) } else { None }
    }

    /// Writes the edges, whole.
    pub fn write(&self, writer: &mut Writer) {
        match self {
            Self::Number(edges) => {
                writer.byte(1);
                edges.write(writer);
            }
            Self::Category(edges) => {
                writer.byte(2);
                edges.write(writer);
            }
            Self::Boolean => writer.byte(3),
        }
    }

    /// Reads what [`Edges::write`] wrote.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        match reader.byte()? {
            1 => Ok(Self::Number(NumberEdges::read(reader)?)),
            2 => Ok(Self::Category(CategoryEdges::read(reader)?)),
            3 => Ok(Self::Boolean),
            _ => Err(CodecError::Invalid { field: "edges kind" }),
        }
    }
}

/// Hashes what `write` writes.
fn identity(write: impl FnOnce(&mut Writer)) -> EdgesId {
    let mut writer = Writer::new();
    write(&mut writer);
    EdgesId(xxh3_128(&writer.into_bytes()))
}
