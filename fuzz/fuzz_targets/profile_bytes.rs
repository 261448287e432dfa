//! Stored summaries: what can be read can be shown, merged, and written and read again to the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quiver_profile::codec::Writer;
use quiver_profile::{FreezeOptions, Outcome, Profile};

fuzz_target!(|input: &[u8]| {
    let Some((form, rest)) = input.split_first() else { return };
    match form % 4 {
        0 => profile(rest),
        1 => outcome(rest),
        // The fuzzer finds no checksum or compression by chance: the body as it is after unpacking.
        2 => profile(&sealed(rest, *b"QVRP")),
        _ => outcome(&sealed(rest, *b"QVRO")),
    }
});

fn sealed(body: &[u8], magic: [u8; 4]) -> Vec<u8> {
    let mut writer = Writer::new();
    body.iter().for_each(|byte| writer.byte(*byte));
    writer.seal(magic, 1)
}

fn profile(bytes: &[u8]) {
    let Ok(mut read) = Profile::from_bytes(bytes) else { return };
    let written = read.to_bytes();
    let again = Profile::from_bytes(&written).expect("what was written can be read");
    assert_eq!(again.to_bytes(), written);
    // NaN is no equal of itself, so the texts are compared.
    assert_eq!(format!("{:?}", again.summaries()), format!("{:?}", read.summaries()));
    show(&read);
    read.merge(&again).expect("a profile fits itself");
    assert_eq!(Some(read.rows()), again.rows().checked_mul(2));
    show(&read);
    // It may now have more rows than are believed of bytes.
    if let Ok(merged) = Profile::from_bytes(&read.to_bytes()) {
        assert_eq!(merged.to_bytes(), read.to_bytes());
    }
}

/// Everything that a screen or a judge asks of a profile.
fn show(profile: &Profile) {
    profile.summaries();
    profile.freeze(&FreezeOptions::default());
    profile.columns().for_each(|(_, column)| drop(column.coarse()));
}

fn outcome(bytes: &[u8]) {
    let Ok(mut read) = Outcome::from_bytes(bytes) else { return };
    let written = read.to_bytes();
    let again = Outcome::from_bytes(&written).expect("what was written can be read");
    assert_eq!(again.to_bytes(), written);
    judge(&read);
    read.merge(&again).expect("an outcome fits itself");
    assert_eq!(Some(read.predictions()), again.predictions().checked_mul(2));
    judge(&read);
    if let Ok(merged) = Outcome::from_bytes(&read.to_bytes()) {
        assert_eq!(merged.to_bytes(), read.to_bytes());
    }
}

/// Every figure of an outcome.
fn judge(outcome: &Outcome) {
    let figures = [
        outcome.accuracy(),
        outcome.roc_auc(),
        outcome.roc_auc_error(),
        outcome.roc_auc_standard_error(),
        outcome.log_loss(),
        outcome.log_loss_standard_error(),
        outcome.brier(),
        outcome.brier_standard_error(),
        outcome.calibration_error(),
        outcome.precision(0.5),
        outcome.recall(0.5),
        outcome.f1(0.5),
        outcome.mae(),
        outcome.mae_standard_error(),
        outcome.rmse(),
        outcome.rmse_standard_error(),
    ];
    drop(format!("{figures:?}"));
}
