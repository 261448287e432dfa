//! A replay that is killed at any moment and run again ends as one that was not: each row once, the same numbers.

use crate::flights;
use crate::held::{Held, TABLES};
use crate::place::Place;
use crate::random::Random;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Kills when `QUIVER_KILLS` asks for no other number.
const KILLS: usize = 12;
/// The most kills of one replay before it is left to end.
const KILLS_OF_ONE_REPLAY: usize = 4;

#[test]
fn a_replay_killed_at_any_moment_and_run_again_ends_as_one_that_was_not() {
    let kills: usize = std::env::var("QUIVER_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let place = Place::new();
    let log = flights::between("2013-02-08T05:00:00Z", "2013-03-08T05:00:00Z");
    assert!(log.num_rows() > 20_000);
    flights::write_parquet(&place.path("log.parquet"), &log);
    place.write(
        "model.yaml",
        flights::spec_with(&[("{from: 2013-02-01, to: 2013-03-01}", "{from: 2013-02-08, to: 2013-02-22}")]),
    );

    let started = Instant::now();
    replay(&place, "unbroken");
    let whole_run = started.elapsed();
    let unbroken = Held::of(&place.path("unbroken"));
    unbroken.check(log.num_rows() as i64);

    let mut random = Random::new(5);
    let (mut killed, mut stages) = (0, BTreeSet::new());
    while killed < kills {
        let folder = format!("killed-{killed}");
        for _ in 0..=random.below(KILLS_OF_ONE_REPLAY) {
            // Multiples of the golden ratio spread over the run however many there are.
            let share = 0.95 * (killed as f64 * 0.618_034 + random.share() / kills as f64).fract();
            if killed == kills || !killed_after(&place, &folder, whole_run.mul_f64(share)) {
                break;
            }
            stages.insert(filled_tables(&place.path(&folder)));
            killed += 1;
        }
        replay(&place, &folder);
        let found = Held::of(&place.path(&folder));
        found.check(log.num_rows() as i64);
        let when = format!("after {killed} kills, those of earlier folders included");
        found.shows_what(&unbroken, &when);
        found.derived_what(&unbroken, &when);
        std::fs::remove_dir_all(place.path(&folder)).unwrap();
    }
    assert!(kills < KILLS || stages.len() >= 3, "the kills met only these stages: {stages:?}");
}

/// Replays the log to its end.
fn replay(place: &Place, folder: &str) {
    place.quiver(&["replay", "log.parquet", "--spec", "model.yaml", "--data-folder", folder]).ends_with(0);
}

/// Starts a replay and kills it with SIGKILL; says whether it was still running.
fn killed_after(place: &Place, folder: &str, wait: Duration) -> bool {
    let mut command = place.command(&["replay", "log.parquet", "--spec", "model.yaml", "--data-folder", folder]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(wait);
    let was_running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    was_running
}

/// How many tables hold a file of rows: where in its run a replay stopped.
fn filled_tables(folder: &Path) -> usize {
    let has_rows = |table: &&&str| {
        let files = std::fs::read_dir(folder.join("tables").join(table));
        files.is_ok_and(|files| files.flatten().any(|file| file.file_name().to_string_lossy().contains("event_date=")))
    };
    TABLES.iter().filter(has_rows).count()
}
