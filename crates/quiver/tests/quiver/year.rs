//! The demo, run once for all tests that look at the real year.

use crate::place::{Ran, command, quiver_in, run};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

/// What the demo wrote and said.
pub struct Year {
    /// The data folder.
    pub data: PathBuf,
    /// What the demo printed.
    pub told: String,
    /// `quiver report --json`, by month.
    pub report: Value,
}

/// The year, replayed on first use.
pub fn year() -> &'static Year {
    static YEAR: OnceLock<Year> = OnceLock::new();
    YEAR.get_or_init(|| {
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        remove_old(scratch);
        let told = quiver_in(scratch, &["demo", "--data-folder", &name(std::process::id())]).ends_with(0).out;
        let data = scratch.join(name(std::process::id())).join("data");
        let report = quiver_in(&data, &["report", "flight-delay", "--data-folder", ".", "--json"]).ends_with(0).json();
        Year { data, told, report }
    })
}

/// Another report of the year; one at a time, since a data folder has one holder.
pub fn reported(arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    static HELD: Mutex<()> = Mutex::new(());
    let data = &year().data;
    let _held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let mut command = command(data, &[&["report", "flight-delay", "--data-folder", "."], arguments].concat());
    command.envs(variables.iter().copied());
    run(command)
}

fn name(process: u32) -> String {
    format!("year-{process}")
}

/// Removes the years of test runs that have ended: nothing tells a static that its process ends.
fn remove_old(scratch: &Path) {
    for entry in std::fs::read_dir(scratch).unwrap() {
        let entry = entry.unwrap();
        let process = entry.file_name().to_string_lossy().strip_prefix("year-").and_then(|id| id.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new("/proc").join(process.to_string()).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// The arm of a report.
pub fn arm<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["arms"].as_array().unwrap().iter().find(|arm| arm["arm"] == name).unwrap_or_else(|| panic!("no arm {name}"))
}

/// The window of a label, such as `2013-07`, of an arm.
pub fn window<'a>(report: &'a Value, arm_name: &str, label: &str) -> &'a Value {
    let place = report["labels"].as_array().unwrap().iter().position(|known| known == label);
    &arm(report, arm_name)["windows"][place.unwrap_or_else(|| panic!("no window {label}"))]
}

/// The finding of a monitor on a subject of the whole population.
#[track_caller]
pub fn finding<'a>(window: &'a Value, monitor: &str, subject: &str) -> &'a Value {
    let findings = window["findings"].as_array().unwrap();
    findings
        .iter()
        .find(|found| found["monitor"] == monitor && found["subject"] == subject && found["slice"].is_null())
        .unwrap_or_else(|| panic!("no {monitor} of {subject}"))
}

/// The label of a window that a diagnosis names.
pub fn label_of<'a>(report: &'a Value, named: &Value) -> &'a str {
    let place = report["windows"].as_array().unwrap().iter().position(|window| window == named);
    report["labels"][place.unwrap_or_else(|| panic!("no window {named}"))].as_str().unwrap()
}
