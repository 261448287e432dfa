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
    // A table has a file a date, chosen by the Delta log and small: looking for row groups, pages and bloom filters to
    // skip inside it costs more than reading it.
    options.execution.parquet.pruning = false;
    options.execution.parquet.enable_page_index = false;
    options.execution.parquet.bloom_filter_on_read = false;
    options.execution.parquet.pushdown_filters = false;
    config
}
