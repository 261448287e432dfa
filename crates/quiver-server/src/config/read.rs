//! Puts a config together: command line over environment over file over defaults, and remembers which of them it was.

use super::environment::Override;
use super::{ServerConfig, values};
use quiver_door::yaml_file::{self, Document, DocumentKind, Origin, YamlErrors};
use serde_json::Value;
use std::path::{Path, PathBuf};

const CONFIG: DocumentKind = DocumentKind {
    name: "server config",
    how_to_get_one: "docs/server.md lists every key",
    usual_file: "quiver.yaml",
    may_be_empty: true,
    is_sound: values::is_sound,
};

/// A config with the source of each of its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// The config. Relative paths that a file named start at that file's folder already.
    pub config: ServerConfig,
    /// Every value of the config, in the order of the reference.
    pub settings: Vec<Setting>,
}

/// One value and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The keys that lead to it.
    pub keys: Vec<String>,
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub source: Source,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Nobody said otherwise.
    Default,
    /// A line of the file.
    File {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the environment, or an option.
    Override(String),
}

impl std::fmt::Display for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File { file, line } => write!(formatter, "{}:{line}", file.display()),
            Self::Override(name) => formatter.write_str(name),
        }
    }
}

/// Checks the text of a config; `file` is only named in the errors. Paths stay as they are written.
pub fn parse_config(text: &str, file: &str) -> Result<ServerConfig, YamlErrors> {
    yaml_file::read_document(text, file, &CONFIG, &server_schema(), ServerConfig::problems)
}

/// Reads and checks a config file alone, without the environment.
pub fn read_config(path: &Path) -> Result<ServerConfig, YamlErrors> {
    effective_config(Some(path), &[]).map(|effective| effective.config)
}

/// The config of a file (or of none) under its overrides: those of the environment first, then those of the command
/// line, since a later one wins.
pub fn effective_config(path: Option<&Path>, overrides: &[Override]) -> Result<Effective, YamlErrors> {
    let mut document = match path {
        Some(path) => {
            let text = yaml_file::read_text(path, &CONFIG)?;
            Document::parse(&text, &path.display().to_string(), CONFIG)?
        }
        None => Document::empty("the server's config", CONFIG),
    };
    for change in overrides {
        let keys: Vec<&str> = change.keys.iter().map(String::as_str).collect();
        document.set(&keys, change.value.clone(), &change.source);
    }
    let mut config: ServerConfig = document.read(&server_schema(), ServerConfig::problems)?;
    if let Some(folder) = path.and_then(Path::parent) {
        let written = |pointer: &str| matches!(document.origin(pointer), Some(Origin::File(_)));
        start_paths_at(folder, &mut config, written);
    }
    let mut settings = Vec::new();
    // A config is text and numbers with names for keys, which JSON can always hold.
    let value = serde_json::to_value(&config).expect("a config is plain data");
    list_settings(&document, path, &mut Vec::new(), &value, &mut settings);
    Ok(Effective { config, settings })
}

/// A path in a file means the same wherever the server is started; one in a shell is meant from there.
fn start_paths_at(folder: &Path, config: &mut ServerConfig, written: impl Fn(&str) -> bool) {
    let start = |pointer: &str, path: &mut PathBuf| {
        if written(pointer) {
            *path = folder.join(&*path);
        }
    };
    start("/data_folder", &mut config.data_folder);
    for (index, spec) in config.specs.iter_mut().enumerate() {
        start(&format!("/specs/{index}"), spec);
    }
    if let Some(tls) = &mut config.http.tls {
        start("/http/tls/certificate", &mut tls.certificate);
        start("/http/tls/key", &mut tls.key);
    }
}

fn list_settings(
    document: &Document,
    path: Option<&Path>,
    keys: &mut Vec<String>,
    value: &Value,
    settings: &mut Vec<Setting>,
) {
    if let Value::Object(map) = value {
        for (key, inner) in map {
            keys.push(key.clone());
            list_settings(document, path, keys, inner, settings);
            keys.pop();
        }
        return;
    }
    let pointer: String = keys.iter().map(|key| format!("/{key}")).collect();
    let source = match document.origin(&pointer) {
        None => Source::Default,
        Some(Origin::File(line)) => Source::File { file: path.map(Path::to_owned).unwrap_or_default(), line },
        Some(Origin::Override(name)) => Source::Override(name),
    };
    settings.push(Setting { keys: keys.clone(), value: value.clone(), source });
}

/// The JSON Schema (draft 2020-12) of a config file, for editors: no `$id`, since it lies beside the configs.
pub fn server_schema() -> Value {
    schemars::schema_for!(ServerConfig).to_value()
}

/// A Markdown page of every key of a config: type, default, meaning.
pub fn server_reference() -> String {
    let opening = "# The server's config\n\nOne YAML file a server, given with `--config`; `quiver config check` names \
                   every mistake in it, and `quiver config show` says where each value came from: the command line wins \
                   over the environment, that over the file, and that over the default.\n\nA variable is `QUIVER_` and \
                   the keys in capitals with two underscores between them: `QUIVER_HTTP__LISTEN=127.0.0.1:9000` is \
                   `http.listen`. Its value is YAML: `QUIVER_SPECS='[a.yaml, b.yaml]'`. A relative path in the file \
                   starts at the file's folder, elsewhere at the working folder.\n\nDurations are written `150ms`, \
                   `90m`, `3h`, `7d`; sizes `64MiB`, `1GB` or `512B`; shares `5%`. Unknown keys are errors. This page is \
                   generated from the code.";
    yaml_file::reference(opening, &server_schema())
}
