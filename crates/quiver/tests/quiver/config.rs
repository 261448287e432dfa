//! `quiver config`, and that what lies in `deploy` can be used: the example config, the unit, the image.

use crate::place::{Place, run};
use std::path::{Path, PathBuf};

fn deploy(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies two folders deep");
    root.join("deploy").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(deploy(name)).unwrap()
}

#[test]
fn mistakes_of_a_config_are_shown_at_once_and_end_with_1() {
    let place = Place::new();
    place.write("q.yaml", "http: {listn: 127.0.0.1:1, body_limit: 1 meg}\nlog: {level: inf}\n");
    place.write("good.yaml", "auth: {keys: required}\n");
    let ran = place.quiver(&["config", "check", "good.yaml", "q.yaml", "none.yaml"]).ends_with(1).shown_to_people();
    let ran = ran.says(&["q.yaml:1:8: unknown key `listn`", "did you mean `listen`?", "q.yaml:1:40: found `1 meg`"]);
    ran.says(&["q.yaml:2:14:", "q.yaml: 3 mistakes", "none.yaml: there is no such file", "good good.yaml: listens on"]);
}

#[test]
fn a_public_listener_without_keys_is_refused_with_the_command_that_makes_one() {
    let place = Place::new();
    place.write("q.yaml", "http: {listen: 0.0.0.0:8600}\nauth: {keys: off}\n");
    let ran = place.quiver(&["config", "check", "q.yaml"]).ends_with(1);
    ran.says(&["q.yaml:2:14:", "quiver key create --name NAME --scope ingest"]);
}

#[test]
fn what_is_shown_names_its_sources_and_is_a_config_itself() {
    let place = Place::new();
    place.write("q.yaml", "http:\n  drain: 7s\n  hosts: ['*', a.example.com]\nauth: {keys: required}\n");
    let mut command = place.command(&["config", "show", "--config", "q.yaml"]);
    command.env("QUIVER_HTTP__LISTEN", "[::1]:0").env("QUIVER_DATA_FOLDER", "a: b").env("QUIVER_PORT", "tcp://a:1");
    let ran = run(command).ends_with(0);
    let source = |key: &str| {
        let line = ran.out.lines().find(|line| line.trim_start().starts_with(&format!("{key}: "))).unwrap();
        line.split("  # ").nth(1).unwrap().to_owned()
    };
    assert_eq!(source("data_folder"), "QUIVER_DATA_FOLDER");
    assert_eq!(source("listen"), "QUIVER_HTTP__LISTEN");
    assert_eq!(source("drain"), "q.yaml:2");
    assert_eq!(source("hosts"), "q.yaml:3");
    assert_eq!(source("max_connections"), "default");
    place.write("shown.yaml", &ran.out);
    let again = place.quiver(&["config", "show", "--config", "shown.yaml"]).ends_with(0).out;
    let values = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split("  # ").next().unwrap().trim_end().to_owned()).collect()
    };
    assert_eq!(values(&again), values(&ran.out));
}

#[test]
fn a_variable_with_a_slip_of_the_pen_is_named() {
    let place = Place::new();
    let mut command = place.command(&["config", "show"]);
    command.env("QUIVER_HTTP_LISTEN", "127.0.0.1:1");
    run(command).ends_with(1).says(&["QUIVER_HTTP_LISTEN", "did you mean `QUIVER_HTTP__LISTEN`?"]);
}

#[test]
fn the_example_config_passes_and_asks_for_keys() {
    let place = Place::new();
    let ran = place.quiver(&["config".as_ref(), "check".as_ref(), deploy("quiver.yaml").as_os_str()]).ends_with(0);
    ran.says(&["listens on 0.0.0.0:8600, with keys"]);
    let schema = place.quiver(&["config", "schema"]).ends_with(0).json();
    assert_eq!(schema["title"], "Quiver server");
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn the_unit_is_understood_and_grants_nothing() {
    let unit = read("quiver.service");
    let lines: Vec<&str> = unit.lines().collect();
    for directive in [
        "Type=exec",
        "DynamicUser=yes",
        "StateDirectory=quiver",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "SystemCallFilter=@system-service",
        "KillSignal=SIGTERM",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "Restart=on-failure",
        "RestartPreventExitStatus=2",
    ] {
        assert!(lines.contains(&directive), "no {directive}");
    }
    let stop = lines.iter().find_map(|line| line.strip_prefix("TimeoutStopSec=")?.strip_suffix('s')).unwrap();
    let drain = quiver_server::config::ServerConfig::default().http.drain.seconds();
    assert!(stop.parse::<f64>().unwrap() > drain, "systemd kills after {stop} s what drains for {drain} s");

    // The verifier looks for the program too: it is the one under test here.
    let place = Place::new();
    let unit = unit.replace("/usr/local/bin/quiver", env!("CARGO_BIN_EXE_quiver"));
    place.write("quiver.service", unit);
    let verified =
        std::process::Command::new("systemd-analyze").arg("verify").arg(place.path("quiver.service")).output();
    // A machine without systemd has no verifier.
    if let Ok(verified) = verified {
        let said = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success() && !said.contains("quiver.service"), "{said}");
    }
}

#[test]
fn the_image_runs_without_privilege_and_stops_gently() {
    let image = read("Dockerfile");
    let last = image.rsplit("\nFROM ").next().unwrap();
    for line in ["USER 10001:10001", "STOPSIGNAL SIGTERM", "VOLUME /var/lib/quiver"] {
        assert!(last.lines().any(|found| found == line), "no {line}");
    }
    assert_eq!(image.matches("\nFROM ").count(), 3, "one stage builds the pages, one the binary, another runs");
}
