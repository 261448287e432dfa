//! The profile of a set of rows: columns and slices that merge in any order; knows neither time nor place.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter};
use arrow::datatypes::{DataType, Float64Type};
use thiserror::Error;

use crate::codec::{CodecError, Reader, Writer, unseal};
use crate::column::{ColumnError, ColumnKind, ColumnProfile, ColumnSummary, Costs, EdgesForm, Scratch, to_fixed};
use crate::edges::{Edges, EdgesById};
use crate::plan::Plan;
use crate::slice::SliceProfile;

/// The first four bytes of every profile.
const MAGIC: [u8; 4] = *b"QVRP";
/// The version that is written; every version up to it is read.
pub const FORMAT_VERSION: u16 = 4;

/// Why a profile could not be updated, merged or read.
#[derive(Debug, Error, PartialEq)]
pub enum ProfileError {
    /// One column does not fit.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// Bytes are no profile.
    #[error("cannot read the profile")]
    Codec(#[from] CodecError),
    /// The profile was read from bytes and has no plan to read batches with.
    #[error("profile was read from bytes and has no plan: merge it into one that has")]
    NoPlan,
    /// Two columns of the plan have the same name.
    #[error("column {column} is planned twice")]
    Twice {
        /// The name.
        column: String,
    },
    /// The model's output is not a number.
    #[error("response column {column} holds {found}, not numbers")]
    Response {
        /// The Arrow column.
        column: String,
        /// Its type.
        found: DataType,
    },
    /// Statuses or reasons do not have one entry for each row.
    #[error("facts of column {column} have {found} rows, the batch has {expected}")]
    Facts {
        /// The column's name in the plan.
        column: String,
        /// Rows of the facts.
        found: usize,
        /// Rows of the batch.
        expected: usize,
    },
    /// Statuses or reasons are not strings.
    #[error("facts of column {column} hold {found}, not strings")]
    FactsType {
        /// The column's name in the plan.
        column: String,
        /// Their Arrow type.
        found: DataType,
    },
    /// A sample does not say of each row whether it is in it.
    #[error("the sample has {found} rows, the batch has {expected}")]
    Sample {
        /// Rows of the sample.
        found: usize,
        /// Rows of the batch.
        expected: usize,
    },
    /// Two profiles have a slice of the same name with different values.
    #[error("slice {slice} has other values in the other profile")]
    Slice {
        /// The slice's name.
        slice: String,
    },
}

/// What is known of each row besides its values, by the column's name in the plan.
#[derive(Debug, Clone, Default)]
pub struct RowFacts {
    /// Strings: `ok`, `missing`, `default` or `stale`; null means `ok`.
    pub statuses: BTreeMap<String, ArrayRef>,
    /// Strings: why the value is invalid; null where it is valid.
    pub reasons: BTreeMap<String, ArrayRef>,
    /// What the values of the rows that count for the column cost, summed up.
    pub costs: BTreeMap<String, Costs>,
    /// Which rows are in the sample, for the columns that are planned as sampled; all rows where there is none.
    pub sample: Option<BooleanArray>,
}

/// What a spec adds when edges are frozen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FreezeOptions {
    /// Declared categories, by the column's name in the plan.
    pub declared: BTreeMap<String, Vec<String>>,
}

/// The mergeable summary of a set of rows.
#[derive(Debug, Clone)]
pub struct Profile {
    plan: Option<Arc<Plan>>,
    rows: u64,
    columns: BTreeMap<String, ColumnProfile>,
    slices: BTreeMap<String, SliceProfile>,
}

impl Profile {
    /// Returns an empty profile: it changes nothing that it is merged with.
    pub fn new(plan: &Plan) -> Self {
        let mut columns = BTreeMap::new();
        for column in &plan.columns {
            // Edges that do not fit the kind are refused by the first update, which can name them.
            let edges = column.edges.clone().filter(|edges| ColumnProfile::fits(column.kind, edges));
            let profile =
                ColumnProfile::new(column.kind, column.disclosure, edges, plan.value_limit, plan.response.is_some());
            columns.insert(column.name.clone(), profile);
        }
        let names = || plan.columns.iter().map(|column| column.name.as_str());
        let slices = plan.slices.iter().map(|slice| (slice.name.clone(), SliceProfile::new(slice, names()))).collect();
        Self { plan: Some(Arc::new(plan.clone())), rows: 0, columns, slices }
    }

    /// Adds the rows of a batch. A planned column that the batch lacks counts as null. Nothing changes on an error.
    pub fn update(&mut self, batch: &RecordBatch) -> Result<(), ProfileError> {
        self.update_with(batch, &RowFacts::default())
    }

    /// Adds the rows of a batch with what is known of each row. Facts of unplanned columns are ignored.
    pub fn update_with(&mut self, batch: &RecordBatch, facts: &RowFacts) -> Result<(), ProfileError> {
        let plan = Arc::clone(self.plan.as_ref().ok_or(ProfileError::NoPlan)?);
        let positions: BTreeMap<&str, usize> = batch
            .schema_ref()
            .fields()
            .iter()
            .enumerate()
            .map(|(position, field)| (field.name().as_str(), position))
            .collect();
        let find = |name: &str| positions.get(name).map(|&position| batch.column(position));
        self.check(&plan, batch, facts, find)?;
        let rows = batch.num_rows();
        let outputs = plan.response.as_ref().map(|column| outputs(find(column), rows));
        self.rows += rows as u64;
        let sample = facts.sample.as_ref().map(|rows| Sample::new(rows, outputs.as_deref()));
        let mut scratch = Scratch::default();
        for column in &plan.columns {
            let profile = self.columns.get_mut(&column.name).expect("every planned column has a profile");
            let (statuses, reasons) = (facts.statuses.get(&column.name), facts.reasons.get(&column.name));
            if let Some(costs) = facts.costs.get(&column.name) {
                profile.add_costs(costs);
            }
            match sample.as_ref().filter(|_| column.is_sampled) {
                None => {
                    match find(&column.column) {
                        Some(array) => profile.update(array, outputs.as_deref(), &mut scratch),
                        None => profile.update_absent(rows, outputs.as_deref()),
                    }
                    profile.update_facts(statuses, reasons);
                }
                Some(sample) => {
                    match find(&column.column) {
                        Some(array) => profile.update(&sample.of(array), sample.outputs.as_deref(), &mut scratch),
                        None => profile.update_absent(sample.size, sample.outputs.as_deref()),
                    }
                    let (statuses, reasons) = (statuses.map(|all| sample.of(all)), reasons.map(|all| sample.of(all)));
                    profile.update_facts(statuses.as_ref(), reasons.as_ref());
                }
            }
        }
        for slice in &plan.slices {
            let profile = self.slices.get_mut(&slice.name).expect("every planned slice has a profile");
            let groups = profile.group(find(&slice.column), rows);
            let sampled = sample.as_ref().map(|sample| groups.only(sample.rows));
            for column in &plan.columns {
                let groups = sampled.as_ref().filter(|_| column.is_sampled).unwrap_or(&groups);
                profile.add(&column.name, column.kind, find(&column.column), groups);
            }
        }
        Ok(())
    }

    fn check<'a>(
        &self,
        plan: &Plan,
        batch: &RecordBatch,
        facts: &RowFacts,
        find: impl Fn(&str) -> Option<&'a ArrayRef>,
    ) -> Result<(), ProfileError> {
        if self.columns.len() < plan.columns.len() {
            let mut names: Vec<&String> = plan.columns.iter().map(|column| &column.name).collect();
            names.sort_unstable();
            if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(ProfileError::Twice { column: pair[0].clone() });
            }
        }
        for column in &plan.columns {
            let (name, kind) = (&column.name, column.kind);
            if column.edges.as_ref().is_some_and(|edges| !ColumnProfile::fits(kind, edges)) {
                return Err(ColumnError::EdgesKind { column: name.clone(), kind }.into());
            }
            if let Some(array) = find(&column.column).filter(|array| !kind.accepts(array.data_type())) {
                return Err(ColumnError::Type { column: name.clone(), kind, found: array.data_type().clone() }.into());
            }
            for fact in [facts.statuses.get(name), facts.reasons.get(name)].into_iter().flatten() {
                if !ColumnKind::Text.accepts(fact.data_type()) {
                    return Err(ProfileError::FactsType { column: name.clone(), found: fact.data_type().clone() });
                }
                if fact.len() != batch.num_rows() {
                    let (found, expected) = (fact.len(), batch.num_rows());
                    return Err(ProfileError::Facts { column: name.clone(), found, expected });
                }
            }
        }
        if let Some(sample) = facts.sample.as_ref().filter(|sample| sample.len() != batch.num_rows()) {
            return Err(ProfileError::Sample { found: sample.len(), expected: batch.num_rows() });
        }
        if let Some(column) = &plan.response
            && let Some(array) = find(column).filter(|array| !ColumnKind::Number.accepts(array.data_type()))
        {
            return Err(ProfileError::Response { column: column.clone(), found: array.data_type().clone() });
        }
        Ok(())
    }

    /// Adds another profile. Columns and slices that only one of the two has are kept. Nothing changes on an error.
    pub fn merge(&mut self, other: &Self) -> Result<(), ProfileError> {
        for (name, theirs) in &other.columns {
            if let Some(mine) = self.columns.get(name) {
                mine.check_merge(theirs, name)?;
            }
        }
        for (name, theirs) in &other.slices {
            if self.slices.get(name).is_some_and(|mine| !mine.fits(theirs)) {
                return Err(ProfileError::Slice { slice: name.clone() });
            }
        }
        self.rows += other.rows;
        for (name, theirs) in &other.columns {
            match self.columns.get_mut(name) {
                Some(mine) => mine.merge(theirs, name)?,
                None => {
                    self.columns.insert(name.clone(), theirs.clone());
                }
            }
        }
        for (name, theirs) in &other.slices {
            match self.slices.get_mut(name) {
                Some(mine) => mine.merge(theirs),
                None => {
                    self.slices.insert(name.clone(), theirs.clone());
                }
            }
        }
        Ok(())
    }

    /// All rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The columns by name.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &ColumnProfile)> + '_ {
        self.columns.iter().map(|(name, profile)| (name.as_str(), profile))
    }

    /// One column.
    pub fn column(&self, name: &str) -> Option<&ColumnProfile> {
        self.columns.get(name)
    }

    /// The slices by name.
    pub fn slices(&self) -> impl Iterator<Item = (&str, &SliceProfile)> + '_ {
        self.slices.iter().map(|(name, profile)| (name.as_str(), profile))
    }

    /// One slice.
    pub fn slice(&self, name: &str) -> Option<&SliceProfile> {
        self.slices.get(name)
    }

    /// What a screen shows of every column, by name.
    pub fn summaries(&self) -> Vec<ColumnSummary> {
        self.columns.iter().map(|(name, profile)| profile.summary(name)).collect()
    }

    /// What a screen shows of one column.
    pub fn summary(&self, name: &str) -> Option<ColumnSummary> {
        self.columns.get(name).map(|profile| profile.summary(name))
    }

    /// Freezes edges from this profile as a reference, for every column that can have them.
    ///
    /// The reference itself must be profiled again with the edges to be counted on them.
    pub fn freeze(&self, options: &FreezeOptions) -> BTreeMap<String, Arc<Edges>> {
        let freeze = |(name, profile): (&String, &ColumnProfile)| {
            let declared = options.declared.get(name).map(Vec::as_slice);
            Some((name.clone(), Arc::new(profile.freeze(declared)?)))
        };
        self.columns.iter().filter_map(freeze).collect()
    }

    /// The edges that the columns are counted on.
    pub fn edges(&self) -> EdgesById {
        self.columns.values().filter_map(ColumnProfile::edges).map(|edges| (edges.id(), Arc::clone(edges))).collect()
    }

    /// Returns versioned, compressed bytes. The plan is not part of them.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.written(EdgesForm::Whole)
    }

    /// The same with edges by identity alone: of a small profile they are nearly everything, and all profiles that are
    /// compared with one reference share them. [`Profile::from_bytes_on`] reads it.
    pub fn to_bytes_naming_edges(&self) -> Vec<u8> {
        self.written(EdgesForm::Named)
    }

    fn written(&self, form: EdgesForm) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.unsigned(self.rows);
        writer.unsigned(self.columns.len() as u64);
        for (name, column) in &self.columns {
            writer.text(name);
            column.write(&mut writer, form);
        }
        writer.unsigned(self.slices.len() as u64);
        for (name, slice) in &self.slices {
            writer.text(name);
            slice.write(&mut writer);
        }
        writer.seal(MAGIC, FORMAT_VERSION)
    }

    /// Reads bytes of this or any earlier version. The profile can be merged and shown, but not updated.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProfileError> {
        Self::from_bytes_on(bytes, &EdgesById::new())
    }

    /// The same of bytes that may name their edges; `known` holds those.
    ///
    /// # Errors
    /// [`CodecError::EdgesApart`] where they name others.
    pub fn from_bytes_on(bytes: &[u8], known: &EdgesById) -> Result<Self, ProfileError> {
        let (version, body) = unseal(bytes, MAGIC, "QVRP", FORMAT_VERSION)?;
        let mut reader = Reader::new(&body);
        let mut profile = Self::read_columns(&mut reader, version, known)?;
        for _ in 0..reader.length()? {
            let name = reader.text()?.to_owned();
            profile.slices.insert(name, SliceProfile::read(&mut reader, version)?);
        }
        reader.finish()?;
        Ok(profile)
    }

    /// The same without its slices, for who asks for the whole population alone: of a profile with many slices they
    /// take longer to read than the columns.
    ///
    /// # Errors
    /// As [`Profile::from_bytes_on`], but damage of the slices is not looked for.
    pub fn columns_from_bytes_on(bytes: &[u8], known: &EdgesById) -> Result<Self, ProfileError> {
        let (version, body) = unseal(bytes, MAGIC, "QVRP", FORMAT_VERSION)?;
        Self::read_columns(&mut Reader::new(&body), version, known)
    }

    fn read_columns(reader: &mut Reader<'_>, version: u16, known: &EdgesById) -> Result<Self, ProfileError> {
        let rows = reader.count()?;
        let mut columns = BTreeMap::new();
        for _ in 0..reader.length()? {
            let name = reader.text()?.to_owned();
            columns.insert(name, ColumnProfile::read(reader, version, known)?);
        }
        Ok(Self { plan: None, rows, columns, slices: BTreeMap::new() })
    }
}

/// The rows of a batch that sampled columns are counted over.
struct Sample<'a> {
    rows: &'a BooleanArray,
    size: usize,
    outputs: Option<Vec<Option<i128>>>,
}

impl<'a> Sample<'a> {
    fn new(rows: &'a BooleanArray, outputs: Option<&[Option<i128>]>) -> Self {
        let sampled = |outputs: &[Option<i128>]| {
            let kept = outputs.iter().zip(rows).filter(|(_, is_in)| *is_in == Some(true));
            kept.map(|(output, _)| *output).collect()
        };
        Self { rows, size: rows.true_count(), outputs: outputs.map(sampled) }
    }

    fn of(&self, array: &ArrayRef) -> ArrayRef {
        filter(array, self.rows).expect("the sample was checked to be as long as the batch")
    }
}

/// The model's output of each row in fixed point; nothing where there is none.
fn outputs(array: Option<&ArrayRef>, rows: usize) -> Vec<Option<i128>> {
    let Some(array) = array.filter(|array| *array.data_type() != DataType::Null) else { return vec![None; rows] };
    let floats = cast(array, &DataType::Float64).expect("accepted types convert to floats");
    floats.as_primitive::<Float64Type>().iter().map(|value| value.and_then(to_fixed)).collect()
}

#[cfg(test)]
mod tests;
