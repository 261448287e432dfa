//! Which columns may have statistics: decided here, announced to other writers by the table's properties.

use super::error::TableError;
use super::{Table, files};
use std::collections::HashMap;

const STATISTICS_PROPERTY: &str = "delta.dataSkippingStatsColumns";
const STATISTICS_COUNT_PROPERTY: &str = "delta.dataSkippingNumIndexedCols";
/// A name no column has: with an empty list, writers would take the first 32 columns.
const NO_STATISTICS: &str = "quiver_no_public_column";

impl Table {
    pub(super) fn kept_statistics(&self) -> Result<Vec<String>, TableError> {
        let partition_columns = self.state()?.metadata().partition_columns().to_vec();
        Ok(files::kept_statistics(&self.statistics_columns, self.schema()?.as_ref(), &partition_columns))
    }

    pub(super) fn announced_statistics(&self) -> Vec<String> {
        let announced = self
            .delta
            .snapshot()
            .ok()
            .and_then(|state| state.metadata().configuration().get(STATISTICS_PROPERTY).cloned());
        let names = announced.unwrap_or_default();
        names.split(',').filter(|name| !name.is_empty() && *name != NO_STATISTICS).map(str::to_owned).collect()
    }

    /// Tells other writers, by the table's properties, which columns may have statistics.
    pub(super) async fn announce_statistics(&mut self) -> Result<(), TableError> {
        let kept = self.kept_statistics()?;
        if kept == self.announced_statistics() {
            return Ok(());
        }
        let set = self.delta.clone().set_tbl_properties().with_properties(properties(&kept));
        self.delta = set.await.map_err(TableError::delta("set the statistics columns of", &self.url))?;
        Ok(())
    }
}

/// Returns the properties that announce the columns.
pub(super) fn properties(kept: &[String]) -> HashMap<String, String> {
    let names = if kept.is_empty() { NO_STATISTICS.to_owned() } else { kept.join(",") };
    HashMap::from([(STATISTICS_PROPERTY.to_owned(), names), (STATISTICS_COUNT_PROPERTY.to_owned(), "0".to_owned())])
}
