//! What every command keeps: help with examples, exit codes, plain text for pipes, silence when asked, reports for CI.

use crate::flights;
use crate::place::Place;
use crate::year::{reported, year};
use quick_junit::{Report, TestCaseStatus};

/// Every command that people see.
const COMMANDS: [&[&str]; 15] = [
    &["demo"],
    &["init"],
    &["spec"],
    &["spec", "check"],
    &["spec", "schema"],
    &["profile"],
    &["compare"],
    &["check"],
    &["replay"],
    &["report"],
    &["config"],
    &["config", "check"],
    &["config", "schema"],
    &["config", "show"],
    &["completions"],
];

/// The demo's spec, February, March and July of every third flight.
fn months() -> Place {
    let place = Place::new();
    place.write("model.yaml", flights::SPEC);
    for (file, month) in [("february.parquet", "2013-02"), ("march.parquet", "2013-03"), ("july.parquet", "2013-07")] {
        flights::write_parquet(&place.path(file), &flights::thinned(&flights::month(month), 3));
    }
    place
}

#[test]
fn the_help_of_every_command_has_an_example_that_calls_it() {
    let place = Place::new();
    let mut without = Vec::new();
    for command in COMMANDS {
        let help = place.quiver(&[command, &["--help"]].concat()).ends_with(0).out;
        let example = format!("quiver {}", command.join(" "));
        let after = help.split("Example").nth(1).unwrap_or_default();
        if !after.contains(&example) {
            without.push(example);
        }
        assert!(help.contains("Usage: quiver"), "{help}");
    }
    assert!(without.is_empty(), "no example in the help of: {}", without.join(", "));
    let first = place.quiver(&["--help"]).ends_with(0).out;
    for (command, rest) in COMMANDS.iter().filter_map(|command| command.split_first()) {
        assert!(!rest.is_empty() || first.contains(&format!("\n  {command} ")), "{command} is not in the help");
    }
    assert!(first.contains("Exit codes: 0 ok, 1 a check failed, 2 wrong usage"), "{first}");
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_right() {
    let place = Place::new();
    place.write("a.csv", "a\n1\n");
    place.quiver::<&str>(&[]).ends_with(2).says(&["Usage: quiver"]);
    for (arguments, hint) in [
        (&["prfile", "a.csv"][..], "profile"),
        (&["profile"], "<DATA>"),
        (&["profile", "a.csv", "--jsn"], "--json"),
        (&["profile", "a.csv", "--threads", "0"], "--threads"),
        (&["compare", "a.csv"], "<CURRENT>"),
        (&["compare", "a.csv", "a.csv", "--convention", "quivr"], "quiver"),
        (&["check", "a.csv"], "--spec"),
        (&["replay", "a.csv"], "--spec"),
        (&["report"], "<MODEL>"),
        (&["demo", "--data", "a.csv"], "--spec"),
        (&["spec"], "check"),
        (&["spec", "chek"], "check"),
        (&["completions", "bsh"], "bash"),
        (&["profile", "a.csv", "--color", "sometimes"], "always"),
    ] {
        let ran = place.quiver(arguments).ends_with(2).says(&[hint]).shown_to_people();
        assert!(ran.out.is_empty(), "{arguments:?} printed results: {}", ran.out);
    }
}

#[test]
fn completions_hold_the_commands_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.quiver(&["completions", shell]).ends_with(0);
        assert!(script.err.is_empty());
        for word in ["quiver", "replay", "compare", "data-folder", "fail-on-drift"] {
            assert!(script.out.contains(word), "{word} is not in the {shell} completions");
        }
    }
}

#[test]
fn only_a_terminal_or_a_wish_gets_colours() {
    let colours = |arguments: &[&str], variables: &[(&str, &str)]| {
        let ran = reported(arguments, variables).ends_with(0);
        assert!(ran.out.contains("Inference → Decision"));
        ran.out.contains('\u{1b}') || ran.err.contains('\u{1b}')
    };
    assert!(!colours(&[], &[]), "a pipe got escape codes");
    assert!(!colours(&[], &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), "NO_COLOR was not kept");
    assert!(!colours(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]), "--color never was not kept");
    assert!(colours(&["--color", "always"], &[]), "--color always gave none");
}

#[test]
fn json_and_pipes_hold_nothing_but_results() {
    let place = Place::new();
    place.write("some.csv", "name,amount\na,1\nb,2\nc,3,4\n");
    let ran = place.quiver(&["profile", "some.csv", "--json"]).ends_with(0);
    assert_eq!(ran.json()["rows"], 2);
    assert!(ran.err.contains("1 rows kept out"), "{}", ran.err);
    assert!(!ran.err.contains('\r'), "progress was drawn where nobody watches: {:?}", ran.err);
    let table = place.quiver(&["profile", "some.csv"]).ends_with(0).out;
    assert!(!table.contains('\u{1b}') && !table.contains('\r'));
}

#[test]
fn quiet_commands_print_results_only() {
    let place = months();
    place.write("some.csv", "name,amount\na,1\nb,2\nc,3,4\n");
    for arguments in [
        &["profile", "some.csv"][..],
        &["compare", "february.parquet", "july.parquet", "--html", "compared.html"],
        &["check", "february.parquet", "--spec", "model.yaml"],
        &["replay", "february.parquet", "--spec", "model.yaml", "--data-folder", "data"],
        &["report", "flight-delay", "--data-folder", "data", "--html", "report.html"],
        &["init", "february.parquet", "--output", "drafted.yaml"],
    ] {
        let loud = place.quiver(arguments);
        assert_eq!(loud.code, 0, "{arguments:?}: {}", loud.err);
        assert!(!loud.err.is_empty(), "{arguments:?} has nothing to be quiet about");
        let again: Vec<&str> = arguments.iter().copied().chain(["--quiet"]).collect();
        let again = if arguments[0] == "init" { [&again[..], &["--force"]].concat() } else { again };
        let quiet = place.quiver(&again).ends_with(0);
        assert_eq!(quiet.err, "", "{arguments:?}");
        assert_eq!(quiet.out.is_empty(), arguments[0] == "init", "{arguments:?}");
    }
}

#[test]
fn a_check_ends_with_0_when_every_promise_holds_and_with_1_when_one_is_broken() {
    let place = months();
    let check = |data: &str, more: &[&str]| {
        let arguments = ["check", data, "--spec", "model.yaml", "--reference", "february.parquet"];
        place.quiver(&[&arguments[..], more].concat())
    };
    check("february.parquet", &["--fail-on-drift"]).ends_with(0);
    // March is warmer and nothing is broken: drift alone fails only those who ask for it.
    check("march.parquet", &[]).ends_with(0).says(&["~ temp: psi"]);
    check("march.parquet", &["--fail-on-drift"]).ends_with(1);
    check("july.parquet", &[]).ends_with(1).says(&["✗ decision_rate", "led to `notify`", "✗ recall"]);
    let json = check("july.parquet", &["--json"]).ends_with(1).json();
    assert_eq!(json["passed"], false);
    assert!(json["findings"].as_array().unwrap().iter().any(|finding| finding["verdict"] == "broken"));
    // Each period of the data is judged on its own.
    let months = place
        .quiver(&[
            "check",
            "february.parquet",
            "march.parquet",
            "july.parquet",
            "--spec",
            "model.yaml",
            "--by",
            "month",
        ])
        .ends_with(1)
        .out;
    assert!(months.contains("✗ 2013-07: decision_rate") && !months.contains("✗ 2013-03"), "{months}");
}

#[test]
fn a_check_that_cannot_be_made_ends_with_2() {
    let place = months();
    let check = |arguments: &[&str]| place.quiver(&[&["check"], arguments].concat()).ends_with(2).shown_to_people();
    check(&["july.parquet", "--spec", "nowhere.yaml"]).says(&["nowhere.yaml: there is no such file"]);
    check(&["nowhere.parquet", "--spec", "model.yaml"]).says(&["nowhere.parquet: there is no such file"]);
    check(&["july.parquet", "--spec", "model.yaml", "--reference", "nowhere.parquet"]).says(&["no such file"]);
    check(&["july.parquet", "--spec", "model.yaml"])
        .says(&["holds no row of the spec's reference period", "--reference FILE"]);
    check(&["july.parquet", "--spec", "model.yaml", "--by", "fortnight"]).says(&["--by takes", "fortnight"]);
}

#[test]
fn the_junit_report_is_xml_that_names_what_failed() {
    let place = months();
    let report = |data: &str, code: i32, more: &[&str]| {
        let arguments =
            ["check", data, "--spec", "model.yaml", "--reference", "february.parquet", "--junit", "junit.xml"];
        place.quiver(&[&arguments[..], more].concat()).ends_with(code);
        let text = place.read("junit.xml");
        assert!(text.starts_with("<?xml version=\"1.0\""), "{text}");
        Report::deserialize_from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let failed = |report: &Report| -> Vec<String> {
        let cases = report.test_suites.iter().flat_map(|suite| &suite.test_cases);
        let failed = cases.filter(|case| matches!(case.status, TestCaseStatus::NonSuccess { .. }));
        failed.map(|case| case.name.to_string()).collect()
    };
    let good = report("february.parquet", 0, &[]);
    let suites: Vec<&str> = good.test_suites.iter().map(|suite| suite.name.as_str()).collect();
    assert_eq!(suites, ["features", "inference", "decision", "feedback"]);
    assert_eq!((good.failures, failed(&good).len()), (0, 0));
    assert!(good.tests > 50);
    let bad = report("july.parquet", 1, &[]);
    assert_eq!(bad.failures, failed(&bad).len());
    assert!(failed(&bad).contains(&"decision_rate decision_rate".to_owned()), "{:?}", failed(&bad));
    assert!(!failed(&bad).iter().any(|name| name.starts_with("drift")), "drift is no failure: {:?}", failed(&bad));
    let strict = report("july.parquet", 1, &["--fail-on-drift"]);
    assert!(failed(&strict).contains(&"drift temp".to_owned()), "{:?}", failed(&strict));
}

#[test]
fn a_drafted_spec_of_the_flights_is_good_and_judges_them() {
    let place = Place::new();
    std::fs::copy(flights::path(), place.path("flights.parquet")).unwrap();
    place.quiver(&["init", "flights.parquet", "--output", "model.yaml", "--model", "late"]).ends_with(0);
    let drafted = place.read("model.yaml");
    for line in ["model: late", "task: binary", "at: event_time", "score: score", "label: label", "metric: roc_auc"] {
        assert!(drafted.contains(line), "no {line:?} in\n{drafted}");
    }
    place.quiver(&["spec", "check", "model.yaml"]).ends_with(0).says(&["good model.yaml"]);
    let checked = place.quiver(&["check", "flights.parquet", "--spec", "model.yaml"]);
    assert!([0, 1].contains(&checked.code), "{}", checked.err);
    let arrows = ["Data → Features", "Features → Inference", "Inference → Decision", "Feedback → Update"];
    let checked = checked.says(&arrows).shown_to_people();
    assert!(checked.out.contains("~ temp: psi"), "{}", checked.out);
    // What is there is not overwritten unawares.
    place.quiver(&["init", "flights.parquet", "--output", "model.yaml"]).ends_with(2).says(&["--force"]);
    assert_eq!(place.read("model.yaml"), drafted);
}

#[test]
fn a_drafted_spec_keeps_its_own_healthy_period() {
    let place = months();
    place.quiver(&["init", "february.parquet", "--output", "drafted.yaml"]).ends_with(0);
    place.quiver(&["spec", "check", "drafted.yaml", "--data", "february.parquet"]).ends_with(0);
    place.quiver(&["check", "february.parquet", "--spec", "drafted.yaml"]).ends_with(0);
    let printed = place.quiver(&["init", "february.parquet"]).ends_with(0).out;
    assert_eq!(printed.trim_end(), place.read("drafted.yaml").trim_end());
}

#[test]
fn the_schema_of_the_spec_is_json_that_names_every_part() {
    let schema = Place::new().quiver(&["spec", "schema"]).ends_with(0).json();
    for key in ["model", "task", "quality", "features", "reference", "columns", "privacy"] {
        assert!(schema["properties"][key].is_object(), "{key}");
    }
}

#[test]
fn a_report_is_told_by_week_and_by_day_too() {
    let weeks = reported(&["--by", "week", "--json"], &[]).ends_with(0).json();
    assert!((47..=49).contains(&weeks["labels"].as_array().unwrap().len()), "{}", weeks["labels"]);
    let months = &year().report;
    let total = |report: &serde_json::Value| -> u64 {
        let windows = report["arms"][0]["windows"].as_array().unwrap().iter();
        windows.map(|window| window["rows"].as_u64().unwrap()).sum()
    };
    assert_eq!(total(&weeks), total(months));
    assert_eq!(total(&weeks), flights::all().num_rows() as u64);
    reported(&["--by", "hour"], &[]).ends_with(2).says(&["--by cannot cut them finer"]);
}
