//! How every DataFusion session of the store is set, so that a query gives the same rows wherever it runs.

use datafusion::prelude::SessionConfig;

/// Returns the settings: small batches, few partitions, and plain string arrays instead of views.
pub(crate) fn config(target_partitions: usize) -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_batch_size(8192)
        .with_target_partitions(target_partitions.max(1))
        .with_information_schema(true);
    let options = config.options_mut();
    // Callers downcast columns; a view where the schema says a string would surprise them.
    options.execution.parquet.schema_force_view_types = false;
    options.execution.parquet.pushdown_filters = true;
    config
}
