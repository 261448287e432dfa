//! A full disk refuses rows and loses none: what was acknowledged stays, and the journal goes on once there is room.

use crate::journal::{files, fill, frame, indexes, open_with, payload, read, size_bytes, small_files};
use quiver_store::journal::{Journal, JournalError, JournalOptions, NewFrame};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// In the child of a test, where the disk ends: the folder to write to.
const FOLDER: &str = "QUIVER_TEST_FULL_FOLDER";

/// Runs one ignored test of this binary by a shell script in which `"$@"` is that test.
fn in_child(program: &[&str], script: &str, test: &str, folder: &Path) {
    let [program, arguments @ ..] = program else { panic!("no program") };
    let child = Command::new(program)
        .args(arguments)
        .args(["-c", script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--include-ignored", "--nocapture"])
        .env(FOLDER, folder)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout).into_owned() + &String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && output.contains("1 passed"), "{output}");
}

/// Appends until the disk refuses; returns how many frames are in and what the disk said.
fn fill_up(journal: &mut Journal, mut index: u64, payload: &[u8]) -> (u64, JournalError) {
    loop {
        match journal.append(&[frame(index, payload)]) {
            Ok(_) => index += 1,
            Err(error) => return (index, error),
        }
    }
}

/// What holds after any refused append: it left nothing, and what came before is acknowledged and read back.
fn check_whole(journal: &mut Journal, folder: &Path, frames: u64) {
    assert_eq!(journal.is_poisoned(), None);
    assert_eq!(journal.next_offset(), frames * 3);
    assert_eq!(journal.producer_position("replay"), Some(frames * 3));
    assert_eq!(journal.sync().unwrap(), frames * 3);
    assert_eq!(read(journal, 0).len() as u64, frames);
    assert_eq!(journal.size_bytes(), size_bytes(folder));
}

#[test]
fn a_new_file_that_finds_no_room_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut journal, _) = open_with(folder.path(), small_files());
    let mut index = 0;
    while size_bytes(folder.path()) < 400 {
        fill(&mut journal, index, index + 1);
        index += 1;
    }
    // The kernel answers every write to this device as a full disk does.
    let unfinished = folder.path().join(format!("{:020}.new", index * 3));
    for _ in 0..3 {
        symlink("/dev/full", &unfinished).unwrap();
        let refused = journal.append(&[frame(index, &payload(index))]);
        assert!(matches!(refused, Err(JournalError::Full { .. })), "{refused:?}");
        assert!(unfinished.symlink_metadata().is_err(), "the unfinished file stayed");
        assert_eq!(files(folder.path()).len(), 1);
        check_whole(&mut journal, folder.path(), index);
    }
    fill(&mut journal, index, index + 9);
    assert!(files(folder.path()).len() > 1);
    check_whole(&mut journal, folder.path(), index + 9);
    drop(journal);
    let (mut journal, recovery) = open_with(folder.path(), small_files());
    assert_eq!((recovery.torn_tail, recovery.damages), (None, Vec::new()));
    assert_eq!(indexes(&read(&journal, 0)), (0..index + 9).collect::<Vec<_>>());
    check_whole(&mut journal, folder.path(), index + 9);
}

#[test]
fn a_write_cut_short_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    // A limit on a file's length cuts a write in its middle, and needs no rights.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$@\"";
    in_child(&["sh"], script, "journal_full::child_of_a_short_file", folder.path());
}

#[test]
#[ignore = "runs in the child of a_write_cut_short_leaves_no_trace"]
fn child_of_a_short_file() {
    let Ok(folder) = std::env::var(FOLDER) else { panic!("{FOLDER} is not set: this is the child of another test") };
    let folder = Path::new(&folder);
    let (mut journal, _) = open_with(folder, JournalOptions::default());
    let (frames, refused) = fill_up(&mut journal, 0, &[7; 700]);
    assert!(matches!(refused, JournalError::Disk { action: "write", .. }), "{refused:?}");
    check_whole(&mut journal, folder, frames);
    // Shorter frames still find room: the journal goes on where it stood, not behind half a frame.
    let (more, _) = fill_up(&mut journal, frames, &[]);
    assert!(more > frames);
    check_whole(&mut journal, folder, more);
    drop(journal);
    let (mut journal, recovery) = open_with(folder, JournalOptions::default());
    assert_eq!((recovery.torn_tail, recovery.damages), (None, Vec::new()));
    check_whole(&mut journal, folder, more);
}

#[test]
fn a_full_disk_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    // A file system of a mebibyte in the child's own view of the mounts: it goes with the child.
    let own_mounts = ["unshare", "--user", "--map-root-user", "--mount", "sh"];
    let mount = format!("mount -t tmpfs -o size=1m tmpfs \"${FOLDER}\"");
    let [program, arguments @ ..] = &own_mounts;
    let tried = Command::new(program).args(arguments).args(["-c", &mount]).env(FOLDER, folder.path()).status();
    if !tried.is_ok_and(|status| status.success()) && std::env::var_os("QUIVER_TESTS_WITHOUT_MOUNTS").is_some() {
        println!("NOT TESTED: a full disk. This system lets nobody mount, and QUIVER_TESTS_WITHOUT_MOUNTS is set.");
        return;
    }
    let script = format!("{mount} && exec \"$@\"");
    in_child(&own_mounts, &script, "journal_full::child_of_a_full_disk", folder.path());
    assert!(files(folder.path()).is_empty(), "the small file system was not what the child wrote to");
}

#[test]
#[ignore = "runs in the child of a_full_disk_is_survived"]
fn child_of_a_full_disk() {
    let Ok(folder) = std::env::var(FOLDER) else { panic!("{FOLDER} is not set: this is the child of another test") };
    let options = || JournalOptions { file_limit_bytes: 100_000, ..JournalOptions::default() };
    let folder = Path::new(&folder).join("journal");
    let (mut journal, _) = open_with(&folder, options());
    let long = vec![7; 10_000];
    let (mut frames, mut refused) = fill_up(&mut journal, 0, &long);
    for round in 0..20 {
        assert!(matches!(refused, JournalError::Full { .. }), "{refused:?}");
        check_whole(&mut journal, &folder, frames);
        // Other sizes fail at other places: in the middle of a frame, at its start, at a new file.
        let odd = vec![7; 3_000 + 991 * round];
        (frames, refused) = fill_up(&mut journal, frames, &odd);
    }
    assert!(files(&folder).len() > 5, "no file was ever started");
    check_whole(&mut journal, &folder, frames);
    // Room again, by what the server does with rows that are in the tables.
    let removed = journal.cut_below(frames * 3 / 2).unwrap();
    assert!(removed > 0);
    let first = journal.first_offset();
    let again = NewFrame { payload: &long, ..frame(frames, &[]) };
    journal.append(&[again]).unwrap();
    journal.sync().unwrap();
    drop(journal);
    let (journal, recovery) = open_with(&folder, options());
    assert_eq!((recovery.torn_tail, recovery.damages), (None, Vec::new()));
    assert_eq!(journal.next_offset(), (frames + 1) * 3);
    assert_eq!(read(&journal, first).len() as u64, frames + 1 - first / 3);
}
