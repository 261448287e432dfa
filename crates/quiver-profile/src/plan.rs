//! Says which columns are profiled and how; read from a spec or inferred from a schema, never from data.

use std::sync::Arc;

use arrow::datatypes::Schema;

use crate::column::{ColumnKind, Disclosure};
use crate::edges::Edges;
use crate::sketch::value_sample::DEFAULT_LIMIT;

/// How one column is profiled.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnPlan {
    /// The name under which the profile keeps it, such as a feature's name.
    pub name: String,
    /// The name of the Arrow column.
    pub column: String,
    /// The kind of its values.
    pub kind: ColumnKind,
    /// Whether single values may be kept and shown.
    pub disclosure: Disclosure,
    /// Frozen edges on which it is counted exactly.
    pub edges: Option<Arc<Edges>>,
    /// Whether only the rows of the batch's sample are counted, where its facts name one.
    pub is_sampled: bool,
}

impl ColumnPlan {
    /// Plans a public column under its own name, without edges.
    pub fn public(column: impl Into<String>, kind: ColumnKind) -> Self {
        let column = column.into();
        Self { name: column.clone(), column, kind, disclosure: Disclosure::Public, edges: None, is_sampled: false }
    }

    /// Plans a private column under its own name, without edges.
    pub fn private(column: impl Into<String>, kind: ColumnKind) -> Self {
        Self { disclosure: Disclosure::Private, ..Self::public(column, kind) }
    }

    /// Counts the column on frozen edges.
    pub fn with_edges(self, edges: Arc<Edges>) -> Self {
        Self { edges: Some(edges), ..self }
    }
}

/// A one-dimensional split of the rows: a few figures of every column for each value of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlicePlan {
    /// The slice's name.
    pub name: String,
    /// The Arrow column whose value decides.
    pub column: String,
    /// The values with figures of their own (the budget); every other value counts under `other`.
    pub values: Vec<String>,
}

/// What is profiled of every batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The columns.
    pub columns: Vec<ColumnPlan>,
    /// The Arrow column with the model's output, summed by coarse bin of every column with edges.
    pub response: Option<String>,
    /// The slices.
    pub slices: Vec<SlicePlan>,
    /// The most distinct values that are kept of a public column.
    pub value_limit: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self { columns: Vec::new(), response: None, slices: Vec::new(), value_limit: DEFAULT_LIMIT }
    }
}

/// A plan made from a schema alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Inferred {
    /// The plan, with every column public.
    pub plan: Plan,
    /// Columns that no kind fits, with their Arrow types.
    pub skipped: Vec<(String, String)>,
}

impl Plan {
    /// Plans every column of a file that has no spec: numbers, truth values, strings as categories, points in time and
    /// lists of floats. Structs, maps, binary and the like are skipped and listed.
    pub fn infer(schema: &Schema) -> Inferred {
        let mut plan = Self::default();
        let mut skipped = Vec::new();
        for field in schema.fields() {
            match ColumnKind::of_type(field.data_type()) {
                Some(kind) => plan.columns.push(ColumnPlan::public(field.name(), kind)),
                None => skipped.push((field.name().clone(), field.data_type().to_string())),
            }
        }
        Inferred { plan, skipped }
    }

    /// Puts frozen edges on the columns they were frozen for, by name.
    pub fn with_edges(mut self, edges: &std::collections::BTreeMap<String, Arc<Edges>>) -> Self {
        for column in &mut self.columns {
            if let Some(frozen) = edges.get(&column.name) {
                column.edges = Some(Arc::clone(frozen));
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

    use super::*;

    #[test]
    fn a_schema_gives_a_plan_and_what_it_skips() {
        let item = || Arc::new(Field::new("item", DataType::Float32, true));
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let schema = Schema::new(vec![
            Field::new("amount", DataType::Float64, true),
            Field::new("count", DataType::UInt8, true),
            Field::new("price", DataType::Decimal128(10, 2), true),
            Field::new("flag", DataType::Boolean, true),
            Field::new("name", DataType::Utf8View, true),
            Field::new("code", dictionary, true),
            Field::new("at", DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), true),
            Field::new("day", DataType::Date32, true),
            Field::new("vector", DataType::FixedSizeList(item(), 3), true),
            Field::new("blob", DataType::Binary, true),
            Field::new("nested", DataType::Struct(Fields::empty()), true),
        ]);
        let Inferred { plan, skipped } = Plan::infer(&schema);
        use ColumnKind::{Boolean, Category, Embedding, Number, Timestamp};
        let kinds: Vec<ColumnKind> = plan.columns.iter().map(|column| column.kind).collect();
        assert_eq!(kinds, [Number, Number, Number, Boolean, Category, Category, Timestamp, Timestamp, Embedding]);
        assert_eq!(skipped.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["blob", "nested"]);
    }
}
