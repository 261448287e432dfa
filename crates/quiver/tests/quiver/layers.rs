//! Fails when a module uses a later one, a crate a forbidden one, a file lacks its first sentence, or a document names a path that is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies two folders deep").to_path_buf()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

#[derive(serde::Deserialize)]
struct Layers {
    order: BTreeMap<String, Vec<String>>,
    crates: BTreeMap<String, Vec<String>>,
    pure: Pure,
}

#[derive(serde::Deserialize)]
struct Pure {
    crates: Vec<String>,
    never: Vec<String>,
}

fn layers() -> Layers {
    toml::from_str(&std::fs::read_to_string(root().join("layers.toml")).unwrap()).unwrap()
}

/// The top-level modules that `text` names through `crate::`.
fn uses(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    // A comment may point anywhere.
    let code: String =
        code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
    let code = code.as_str();
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let heads: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or_default().split(',').collect(),
            None => vec![rest],
        };
        for head in heads {
            let name: String =
                head.trim().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
            names.insert(name);
        }
    }
    names
}

#[test]
fn modules_use_only_those_before_them() {
    let mut wrong = Vec::new();
    for (name, order) in &layers().order {
        let source = root().join("crates").join(name).join("src");
        let rank = |module: &str| order.iter().position(|listed| listed == module);
        for file in rust_files(&source) {
            let relative = file.strip_prefix(&source).unwrap();
            let own =
                relative.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
            if own == "lib" || own == "main" {
                continue;
            }
            let Some(own_rank) = rank(&own) else {
                wrong.push(format!("{name}: module `{own}` is not in layers.toml"));
                continue;
            };
            for used in uses(&std::fs::read_to_string(&file).unwrap()) {
                if rank(&used).is_some_and(|used_rank| used_rank > own_rank) {
                    wrong.push(format!("{name}: {} uses `{used}`, which comes after `{own}`", relative.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_groups_and_ignores_tests() {
    let text = "use crate::{time, event::Kind};\nfn f() { crate::spec::x() }\n#[cfg(test)] mod t { use crate::late; }";
    assert_eq!(uses(text).into_iter().collect::<Vec<_>>(), ["event", "spec", "time"]);
}

#[test]
fn crates_depend_only_on_those_below_them() {
    for (name, allowed) in &layers().crates {
        let manifest = std::fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = toml::from_str(&manifest).unwrap();
        let dependencies = manifest["dependencies"].as_table().unwrap();
        for dependency in dependencies.keys().filter(|dependency| dependency.starts_with("quiver-")) {
            assert!(allowed.contains(dependency), "{name} may not depend on {dependency}");
        }
    }
}

#[test]
fn pure_crates_reach_no_runtime_table_or_socket() {
    let layers = layers();
    for name in &layers.pure.crates {
        let output = std::process::Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--locked",
                "--package",
                name,
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--format",
                "{p}",
            ])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let tree = String::from_utf8(output.stdout).unwrap();
        let reached: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert!(reached.contains("arrow"), "the tree of {name} was not read");
        let forbidden: Vec<&String> =
            layers.pure.never.iter().filter(|never| reached.contains(never.as_str())).collect();
        assert!(forbidden.is_empty(), "{name} reaches {forbidden:?}");
    }
}

#[test]
fn every_file_opens_with_its_job() {
    for file in rust_files(&root().join("crates")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 20, "{} does not open with a sentence", file.display());
    }
}

#[test]
fn documents_name_only_paths_that_exist() {
    for document in ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let folders = ["crates/", "demo/", "docs/", "bench/", "scripts/", "tests/", ".ci/"];
        let named: Vec<&str> = text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|code| folders.iter().any(|folder| code.starts_with(folder)) && !code.contains(char::is_whitespace))
            .collect();
        assert!(document != "ARCHITECTURE.md" || named.len() > 10, "{document} names too few paths to be a map");
        for path in named {
            assert!(root().join(path).exists(), "{document} names `{path}`, which is not there");
        }
    }
}
