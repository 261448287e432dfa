//! The frozen categories of a text-like column.

use crate::codec::{CodecError, Reader, Writer};
use crate::edges::{BinLabel, EdgesId, identity};
use crate::hash::ValueHash;

/// The most categories that get a bin of their own; any other value is `unseen`.
pub const MAXIMUM_CATEGORIES: usize = 1000;

/// Frozen categories, sorted. Cell `i` counts category `i`; the last cell counts everything else.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryEdges {
    categories: Vec<String>,
    /// Lower hash halves with positions, sorted, for lookup.
    lookup: Vec<(u64, u32)>,
    id: EdgesId,
}

impl CategoryEdges {
    /// Freezes the given categories.
    pub fn new(categories: impl IntoIterator<Item = String>) -> Self {
        let mut categories: Vec<String> = categories.into_iter().collect();
        categories.sort_unstable();
        categories.dedup();
        let mut lookup: Vec<(u64, u32)> = categories
            .iter()
            .enumerate()
            .map(|(position, text)| (ValueHash::of_text(text).low, position as u32))
            .collect();
        lookup.sort_unstable();
        let id = identity(|writer| write_categories(&categories, writer));
        Self { categories, lookup, id }
    }

    /// Freezes the declared values and the most frequent of the reference's (equal counts by value), at most
    /// [`MAXIMUM_CATEGORIES`] of them; declared values come first.
    pub fn from_reference(declared: &[String], counted: &[(String, u64)]) -> Self {
        let mut categories: Vec<String> = declared.iter().take(MAXIMUM_CATEGORIES).cloned().collect();
        categories.sort_unstable();
        categories.dedup();
        let mut others: Vec<&(String, u64)> =
            counted.iter().filter(|(value, _)| categories.binary_search(value).is_err()).collect();
        others.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        let room = MAXIMUM_CATEGORIES - categories.len();
        Self::new(categories.into_iter().chain(others.into_iter().take(room).map(|(value, _)| value.clone())))
    }

    /// The categories, sorted.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// The identity of these edges.
    pub fn id(&self) -> EdgesId {
        self.id
    }

    /// One cell a category and one for the unseen.
    pub fn cell_count(&self) -> usize {
        self.categories.len() + 1
    }

    /// The cell of a value, given the lower half of its hash.
    pub fn cell_of(&self, hash: u64, value: &str) -> usize {
        let start = self.lookup.partition_point(|&(other, _)| other < hash);
        self.lookup[start..]
            .iter()
            .take_while(|&&(other, _)| other == hash)
            .map(|&(_, position)| position as usize)
            .find(|&position| self.categories[position] == value)
            .unwrap_or(self.categories.len())
    }

    pub(super) fn coarse_labels(&self) -> Vec<BinLabel> {
        let named = self.categories.iter().cloned().map(BinLabel::Category);
        named.chain([BinLabel::Unseen, BinLabel::Null]).collect()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        write_categories(&self.categories, writer);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        let length = reader.length()?;
        let categories: Vec<String> = (0..length).map(|_| Ok(reader.text()?.to_owned())).collect::<Result<_, _>>()?;
        Ok(Self::new(categories))
    }
}

fn write_categories(categories: &[String], writer: &mut Writer) {
    writer.unsigned(categories.len() as u64);
    categories.iter().for_each(|category| writer.text(category));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_values_come_first_and_ties_go_by_value() {
        let declared = vec!["z".to_owned()];
        let counted: Vec<(String, u64)> =
            (0..1200).map(|index| (format!("c{index:04}"), u64::from(index == 1100))).collect();
        let edges = CategoryEdges::from_reference(&declared, &counted);
        assert_eq!(edges.categories().len(), MAXIMUM_CATEGORIES);
        let cell = |text: &str| edges.cell_of(ValueHash::of_text(text).low, text);
        assert_eq!(cell("z"), 999);
        assert!(cell("c1100") < 1000);
        assert!(cell("c0997") < 1000);
        assert_eq!(cell("c0998"), 1000);
        assert_eq!(cell("never"), 1000);
    }
}
