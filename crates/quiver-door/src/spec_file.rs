//! Reads a spec file and names every mistake in it at once, each with its line and column; judges no data.

pub use crate::yaml_file::{YamlError as SpecError, YamlErrors as SpecErrors};

use crate::yaml_file::{DocumentKind, read_document, read_text, reference};
use quiver_event::spec::Spec;
use serde_json::Value;
use std::path::Path;

const SPEC: DocumentKind = DocumentKind {
    name: "spec",
    how_to_get_one: "`quiver init DATA` writes one from data",
    usual_file: "quiver.yaml",
    may_be_empty: false,
    is_sound: |_, _| true,
};

/// Reads and checks a spec file.
pub fn read_spec(path: &Path) -> Result<Spec, SpecErrors> {
    parse_spec(&read_text(path, &SPEC)?, &path.display().to_string())
}

/// Checks the text of a spec; `file` is only named in the errors.
pub fn parse_spec(text: &str, file: &str) -> Result<Spec, SpecErrors> {
    read_document(text, file, &SPEC, &spec_schema(), Spec::problems)
}

/// The JSON Schema (draft 2020-12) of a spec file, for editors: no `$id`, since it lies beside the specs.
pub fn spec_schema() -> Value {
    schemars::schema_for!(Spec).to_value()
}

/// A Markdown page of every key of a spec: type, default, whether it is required, meaning.
pub fn spec_reference() -> String {
    let opening = "# The spec\n\nOne YAML file a model. Durations are written `150ms`, `90m`, `3h`, `7d`, `2y`; shares \
                   `0.1%` or `0.001`; prices `0.40 USD per 1k`. Unknown keys are errors. This page is generated from \
                   the code.";
    reference(opening, &spec_schema())
}
