//! Spec files: every mistake at once, with its place, what was expected and the nearest word.

use crate::support::{DESIGN_SPEC, spec, write};
use quiver_door::spec_file::{parse_spec, read_spec, spec_reference, spec_schema};

#[track_caller]
fn errors(text: &str) -> Vec<String> {
    let errors = parse_spec(text, "f.yaml").expect_err("the spec has mistakes");
    errors.errors.iter().map(ToString::to_string).collect()
}

#[test]
fn the_design_s_example_parses_and_keeps_the_order_of_features() {
    let spec = spec(DESIGN_SPEC);
    assert_eq!(spec.features.names().collect::<Vec<_>>(), ["distance", "carrier", "wind_speed", "note", "origin"]);
    assert_eq!(spec.quality.len(), 4);
}

#[test]
fn five_mistakes_show_five_messages_at_their_places() {
    let text = "\
model: flight-delay
task: binry
timezone: America/New_Yorc
quality:
  - {metrc: recall, at_least: 0.1}
  - {metric: precision, at_least: 0.3, by: carier}
feedback: {label: late, horizon: seven days}
features:
  distance: {type: number, range: [0, 6000]}
  carrier: {type: category}
slices: [carrier]
";
    let expected = [
        "f.yaml:2:7: unknown word `binry` — expected one of binary, multiclass, regression, ranking, generation; did you mean `binary`?",
        "f.yaml:3:11: `America/New_Yorc` is not a time zone of the IANA database, such as America/New_York or UTC — expected a name of the IANA database; did you mean `America/New_York`?",
        "f.yaml:5:6: unknown key `metrc` — expected one of metric, threshold, at_least, at_most, by; did you mean `metric`?",
        "f.yaml:6:44: `carier` is not among the slices — expected a name listed under `slices`; did you mean `carrier`?",
        "f.yaml:7:34: found `seven days` — expected a duration such as 150ms, 90m, 3h, 7d or 2y",
    ];
    assert_eq!(errors(text), expected);
}

#[test]
fn an_error_is_rendered_with_its_line_and_a_caret() {
    let text = "model: m\ntask: binry\nfeatures: {a: {type: number}}\n";
    let errors = parse_spec(text, "f.yaml").unwrap_err();
    let rendered = errors.render();
    assert!(rendered.ends_with("  |\n2 | task: binry\n  |       ^"), "{rendered}");
}

#[test]
fn wrong_types_missing_keys_and_impossible_quantities_are_named() {
    let text = "\
task: binary
service: {error_rate: 101%, p95_latency: 150}
features:
  a: {type: number, range: [1], max_length: 2.5}
  b: {unit: mi}
slices: origin
version: 1.0
";
    let found = errors(text);
    let starts = [
        "f.yaml:1:1: key `model` is missing — expected `model`, text: The model's name, as in its events",
        "f.yaml:2:23: found `101%` — expected a share such as 0.1%",
        "f.yaml:2:42: found the number 150 — expected a duration such as 150ms",
        "f.yaml:4:28: found a list of 1 entry — expected a list of 2 entries, each a number",
        "f.yaml:4:45: found the number 2.5 — expected a whole number",
        "f.yaml:5:3: key `type` is missing in `b` — expected",
        "f.yaml:6:9: found `origin` — expected a list, each entry text",
        "f.yaml:7:1: unknown key `version`",
    ];
    assert_eq!(found.len(), starts.len(), "{found:#?}");
    for (found, start) in found.iter().zip(starts) {
        assert!(found.starts_with(start), "{found}\n{start}");
    }
}

#[test]
fn a_number_where_text_belongs_is_answered_with_quotes() {
    let found = errors("model: 12\ntask: binary\nfeatures: {a: {type: number}}\n");
    assert_eq!(found, ["f.yaml:1:8: found the number 12 — expected text; did you mean `\"12\"`?"]);
}

#[test]
fn duplicate_keys_are_all_errors_and_do_not_hide_others() {
    let text =
        "model: m\ntask: binary\nmodel: n\nfeatures:\n  a: {type: number}\n  a: {type: text}\n  b: {type: numbr}\n";
    let found = errors(text);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with("f.yaml:3:1: key `model` stands twice"), "{found:#?}");
    assert!(found[1].starts_with("f.yaml:6:3: key `a` stands twice"), "{found:#?}");
    assert!(found[2].starts_with("f.yaml:7:13: unknown word `numbr`"), "{found:#?}");
}

#[test]
fn a_syntax_error_has_a_place() {
    let found = errors("model: m\nfeatures: {a: {type: number}\n");
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("this is not YAML"), "{found:?}");
    assert!(found[0].starts_with("f.yaml:"), "{found:?}");
}

#[test]
fn anchors_work_and_bombs_are_refused() {
    let fine = "model: m\ntask: binary\nfeatures:\n  a: &number {type: number, range: [0, 1]}\n  b: *number\n";
    assert_eq!(spec(fine).features.len(), 2);
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let inner = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    assert!(errors(&bomb)[0].contains("not YAML: alias expansion"), "{:?}", errors(&bomb));
    assert!(errors(&"- ".repeat(100_000))[0].contains("the line starts at column"));
    assert_eq!(errors(&"[".repeat(100_000)).len(), 1);
}

#[test]
fn a_file_that_is_no_spec_gets_its_own_message() {
    let folder = tempfile::tempdir().unwrap();
    let check = |path: &std::path::Path, part: &str| {
        let found = read_spec(path).unwrap_err().to_string();
        assert!(found.contains(part), "{found}");
    };
    check(folder.path(), "this is a directory");
    check(&folder.path().join("nothing.yaml"), "there is no such file");
    check(&write(folder.path(), "empty.yaml", ""), "the file is empty");
    check(&write(folder.path(), "comments.yaml", "# only\n"), "the file holds no YAML");
    check(&write(folder.path(), "binary.yaml", [0_u8, 1, 2]), "this is a binary file");
    check(
        &write(folder.path(), "latin.yaml", b"model: m\nowner: M\xfcller\n"),
        "line 2 holds bytes that are not UTF-8",
    );
    check(&write(folder.path(), "large.yaml", "#".repeat(1_000_001)), "too large for a spec");
    check(&write(folder.path(), "list.yaml", "- a\n- b\n"), "found a list of 2 entries");
    check(&write(folder.path(), "text.yaml", "hello\n"), "found `hello`");
}

#[test]
fn the_schema_and_the_reference_name_every_key() {
    let schema = spec_schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["title"], "Quiver spec");
    assert!(schema.get("$id").is_none());
    let page = spec_reference();
    for part in [
        "## `quality[]`",
        "## `features.NAME`",
        "## `privacy.retention`",
        "| `at_least` |",
        "`1d`",
        "| `model` | text | yes |",
    ] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
}

#[test]
fn contradictions_point_at_the_value() {
    let text = DESIGN_SPEC.replace("events: 30d", "events: 3d").replace("to: 2013-03-01", "to: 2013-01-01");
    let found = errors(&text);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].contains("before it begins"), "{found:#?}");
    assert!(found[1].contains("labels are awaited for 1w"), "{found:#?}");
}
