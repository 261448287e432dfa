//! Detectors of personal data: matches lie in the text in order, both searches agree, and what is redacted is clean.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quiver_door::detect::Detectors;
use std::sync::LazyLock;

static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| Detectors::new().expect("the rules are fixed"));

fuzz_target!(|text: &str| {
    let (redacted, found) = DETECTORS.redact(text);
    assert_eq!(found.is_empty(), DETECTORS.is_clean(text));
    let mut end = 0;
    for one in &found {
        assert!(end <= one.range.start && one.range.start < one.range.end && one.range.end <= text.len());
        end = one.range.end;
    }
    let left = DETECTORS.find(&redacted);
    assert!(left.is_empty(), "{left:?} is left in {redacted:?} of {text:?}");
});
