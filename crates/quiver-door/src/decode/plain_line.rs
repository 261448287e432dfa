//! Reads a plain line of NDJSON straight into an event; whatever is unusual about a line is left to [`super::incoming`],
//! which takes longer and can say what is wrong with it.

use super::check::is_whole;
use super::line::nests_deeper;
use crate::limits;
use quiver_event::event::{Event, Kind};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_ignored::Path;
use std::borrow::Cow;

/// The event of a line in which every key is known, every value has its type, and every bound is kept; nothing for any
/// other line, be it wrong or only unusual. Of the spec only the event's slices and features are still to be checked.
pub fn plain_event(line: &[u8]) -> Option<Event> {
    if nests_deeper(line, limits::MAX_EVENT_DEPTH) {
        return None;
    }
    let event = match kind_of(line)? {
        Kind::Prediction => Event::Prediction(plain(line)?),
        Kind::Feedback => Event::Feedback(plain(line)?),
        Kind::Heartbeat => Event::Heartbeat(plain(line)?),
        Kind::Change => Event::Change(plain(line)?),
    };
    (event.at().is_some() && is_whole(&event).is_ok()).then_some(event)
}

/// The typed content of a line whose only key beside the type's own is one `kind`.
fn plain<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let (mut kinds, mut unknown) = (0, 0);
    let mut deserializer = serde_json::Deserializer::from_slice(line);
    let content = serde_ignored::deserialize(&mut deserializer, |path| match path {
        Path::Map { parent: Path::Root, key } if key == "kind" => kinds += 1,
        _ => unknown += 1,
    });
    let content = content.ok()?;
    deserializer.end().ok()?;
    (kinds == 1 && unknown == 0).then_some(content)
}

/// The kind that a line names, read off its beginning where it stands there.
fn kind_of(line: &[u8]) -> Option<Kind> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        kind: Cow<'a, str>,
    }
    if let Some(start) = first_value_of_kind(line) {
        let ends = |name: &str| start.get(name.len()) == Some(&b'"');
        return Kind::ALL.into_iter().find(|kind| start.starts_with(kind.name().as_bytes()) && ends(kind.name()));
    }
    let named: Named<'_> = serde_json::from_slice(line).ok()?;
    Kind::ALL.into_iter().find(|kind| kind.name() == named.kind)
}

/// What follows `{"kind":"` at the beginning of a line.
fn first_value_of_kind(line: &[u8]) -> Option<&[u8]> {
    let inside = line.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start();
    let value = inside.strip_prefix(b"\"kind\"")?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    value.strip_prefix(b"\"")
}

#[cfg(test)]
mod tests {
    use super::super::event_keys::Undeclared;
    use super::super::incoming::Incoming;
    use super::*;
    use proptest::prelude::*;
    use quiver_event::spec::Spec;

    const PREDICTION: &str = r#"{"kind":"prediction","model":"m","id":"1","at":"2013-07-01T14:03:11Z","features":{"x":1.5,"c":"UA"},"output":{"score":0.81,"probabilities":{"a":0.5}},"decision":{"action":"ignore","by":"rule"},"slices":{"c":"UA"},"cost":{"calls":{"redis":{"n":1,"ms":0.4}}},"error":null}"#;
    const FEEDBACK: &str = r#"{"model":"m","kind":"feedback","id":"f","prediction_id":"1","at":"2013-07-01T14:03:11Z","name":"late","value":1}"#;

    fn spec() -> Spec {
        serde_json::from_value(serde_json::json!({
            "model": "m", "task": "binary",
            "features": {"x": {"type": "number"}, "c": {"type": "category"}}, "slices": ["c"],
        }))
        .unwrap()
    }

    /// What both ways of reading make of a line.
    fn both(line: &[u8]) -> (Option<Event>, Result<(Event, Undeclared), &'static str>) {
        let mut undeclared = Undeclared::default();
        let checked = Incoming::of_line(1, line).and_then(|mut event| event.check(&spec(), &mut undeclared));
        (plain_event(line), checked.map(|event| (event, undeclared)))
    }

    #[test]
    fn plain_lines_are_read_and_others_are_left() {
        for line in [PREDICTION, FEEDBACK] {
            let (plain, checked) = both(line.as_bytes());
            assert_eq!(plain.unwrap(), checked.unwrap().0);
        }
        for (from, to) in [
            (r#""model":"m""#, r#""modle":"m""#),
            (r#""score":0.81"#, r#""score":"high""#),
            (r#""score":0.81"#, r#""score":0.81,"scor":1"#),
            (r#""by":"rule""#, r#""by":"nobody""#),
            ("2013-07-01T14:03:11Z", "2013-07-01 14:03:11"),
            (r#""kind":"prediction","#, ""),
            (r#""kind":"prediction""#, r#""kind":"prediction","kind":"feedback""#),
            (r#""kind":"prediction""#, r#""kind":"predictions""#),
            (r#""id":"1""#, r#""id":"1","id":"2""#),
            (r#""error":null}"#, r#""error":null} {}"#),
        ] {
            let line = PREDICTION.replace(from, to);
            assert_ne!(line, PREDICTION, "{from}");
            assert_eq!(plain_event(line.as_bytes()), None, "{line}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn what_is_read_plainly_is_what_the_checks_make_of_it(
            at in any::<proptest::sample::Index>(), length in 0usize..4, bytes in "[ -~]{0,3}", feedback: bool,
        ) {
            let line = if feedback { FEEDBACK } else { PREDICTION };
            let start = at.index(line.len());
            let end = (start + length).min(line.len());
            let changed = format!("{}{bytes}{}", &line[..start], &line[end..]);
            if let (Some(plain), checked) = both(changed.as_bytes()) {
                // Another model or an undeclared slice is still to be found; nothing else is.
                if plain.model() == "m" {
                    let (mut checked, _) = checked.expect(&changed);
                    if let (Event::Prediction(plain), Event::Prediction(checked)) = (&plain, &mut checked) {
                        checked.slices.clone_from(&plain.slices);
                    }
                    prop_assert_eq!(plain, checked);
                } else {
                    prop_assert!(checked.is_err());
                }
            }
        }
    }
}
