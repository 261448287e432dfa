//! The order and joining of matches, texts of any bytes, and that the work grows with the text only.

use super::*;
use std::collections::BTreeSet;

#[test]
fn matches_come_in_order_without_overlap_and_nothing_of_them_stays() {
    let detectors = detectors();
    let text = "ann@example.com, +1 415 555 0123, password=bob@example.org and 203.0.113.7";
    let (redacted, found) = detectors.redact(text);
    assert_eq!(redacted, "[email], [phone], password=[token] and [ip_address]");
    assert!(found.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
    assert!(detectors.is_clean(&redacted), "{:?}", detectors.find(&redacted));
    let names: BTreeSet<_> = Detector::ALL.iter().map(|one| one.name()).collect();
    assert_eq!(names.len(), Detector::ALL.len());
    for detector in Detector::ALL {
        assert_eq!(detector.stand_in(), format!("[{}]", detector.name()));
    }
}

#[test]
fn nothing_is_found_in_what_was_redacted() {
    let detectors = detectors();
    for (text, redacted) in [
        // The address is none before its last part is gone.
        ("[2001:db8::word@features.example]", "[[ip_address][email]]"),
        // A stand-in has the name of a secret and is none, so that what follows stays.
        ("\"key\": \"sk_live_0123456789abcdef\": abcdefghij0123456789", "\"key\": \"[token]\": abcdefghij0123456789"),
        ("user[token]=abcdefghij0123456789", "user[token]=[token]"),
    ] {
        let once = detectors.redact(text).0.into_owned();
        assert_eq!(once, redacted);
        assert!(matches!(detectors.redact(&once).0, Cow::Borrowed(_)), "{once}");
    }
}

#[test]
fn any_text_is_read_without_fault() {
    let detectors = detectors();
    let pieces = [
        "é",
        "@",
        "%40",
        "%2B",
        "+",
        "(",
        "4111",
        " ",
        "-----BEGIN ",
        "password=",
        ":",
        "::",
        "eyJ",
        ".",
        "\u{a0}",
        "0",
        "DE89",
        "://",
        "漢",
        "Bearer ",
    ];
    let mut state = 7_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..state % 23 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state ^= state >> 29;
        let found = detectors.find(&text);
        assert_eq!(found.is_empty(), detectors.is_clean(&text), "{text}");
        assert!(found.iter().all(|one| text.is_char_boundary(one.range.start) && text.is_char_boundary(one.range.end)));
        assert!(found.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start), "{text}");
    }
}

#[test]
fn the_work_grows_with_the_text_and_not_faster() {
    let detectors = detectors();
    let spent = |text: &str| {
        work::SPENT.set(0);
        detectors.find(text);
        work::SPENT.get()
    };
    for piece in [
        "a",
        "1",
        "-",
        ":",
        "=",
        "@",
        "%40",
        "1 ",
        "1.",
        "1-",
        "+1",
        "a@",
        "a.",
        "a1",
        "f:",
        "::",
        "eyJ-",
        "eyJhbGciOi.",
        "sk-",
        "ghp_",
        "xoxb-1",
        "Bearer ",
        "bearer a",
        "password=",
        "password:x ",
        "://",
        "://a:b@",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY",
        "DE89 ",
        "AB12",
        "4111 ",
        "4111 1111 1111 1112 ",
        "(0",
        "phone 1",
        "12345678901234567890",
        "%2B1",
        "\"",
        "é@",
        "aaaaaaaaaaaaaaaa.",
        "1.2.3.4",
    ] {
        let (short, long) = (spent(&piece.repeat(40_000 / piece.len())), spent(&piece.repeat(160_000 / piece.len())));
        assert!(long < short * 5, "{piece}: {short} to {long}");
        assert!(long < 160_000 * 600, "{piece}: {long}");
    }
    // Runs whose ends are far apart, so that no trigger's own reach bounds the work.
    for (piece, rest) in
        [("eyJ-", "."), ("sk-", ""), ("password=", " "), ("1", "a"), ("a", "@example.com"), ("Bearer ", "a")]
    {
        let text = |count: usize| format!("{}{}{}", piece.repeat(count), rest, "a".repeat(count));
        let (short, long) = (spent(&text(10_000)), spent(&text(40_000)));
        assert!(long < short * 5, "{piece}{rest}: {short} to {long}");
    }
}
