//! Reports as one self-contained HTML file: no script, no font, no request.

use super::comparison::Comparison;
use anyhow::Result;
use quiver_server::evaluation::Evaluation;

/// The four arrows of a model.
pub fn report(evaluation: &Evaluation) -> Result<String> {
    Ok(format!("<!doctype html><title>{}</title>", evaluation.spec.model))
}

/// Two data sets, column by column.
pub fn comparison(comparison: &Comparison) -> Result<String> {
    Ok(format!("<!doctype html><title>{} rows</title>", comparison.current_rows))
}
