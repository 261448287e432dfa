//! What the door kept out or changed: refused events, clocks that are ahead, and personal data where none should be.
//!
//! Such events are filed under the hour of their arrival: the time that a refused event names may be what is wrong.

use super::{ShareFact, blank, judge_share};
use crate::facts::WindowFacts;
use crate::finding::{Finding, Limit, Monitor, Verdict};
use quiver_event::spec::Spec;
use quiver_profile::profile::Profile;

/// The reason under which the door refuses events that are ahead of its clock.
const AHEAD: &str = "in_the_future";

/// Judges what the door counted in one window; nothing where no door counted.
pub fn judge(spec: &Spec, facts: &WindowFacts<'_>) -> Vec<Finding> {
    let Some(door) = facts.door.filter(|door| door.counted_at_the_door()) else { return Vec::new() };
    let mut findings = vec![refused(spec, facts)];
    if let Some(count) = door.refused.get(AHEAD) {
        let words =
            format!("{count} events were ahead of the server's clock and were refused; check their sender's clock");
        findings.push(counted(facts, Monitor::ClockSkew, "clock_skew", *count, words));
    }
    for ((field, detector), count) in &door.personal {
        let field = field.strip_prefix("feature_").unwrap_or(field);
        let words = format!(
            "personal data ({detector}) was seen in the field {field} of the model {}, {count} times; it was redacted",
            spec.model
        );
        findings.push(counted(facts, Monitor::PersonalData, &format!("{field}/{detector}"), *count, words));
    }
    findings
}

fn refused(spec: &Spec, facts: &WindowFacts<'_>) -> Finding {
    let none = std::collections::BTreeMap::new();
    let reasons = facts.door.map_or(&none, |door| &door.refused);
    let part: u64 = reasons.values().sum();
    let rows = part + facts.profile.map_or(0, Profile::rows);
    let limit =
        spec.service.as_ref().and_then(|service| service.invalid_rate).map(|share| Limit::AtMost(share.value()));
    let fact = ShareFact { part, rows, reference: None, limit, is_promise: true };
    let mut finding =
        judge_share(blank(facts, Monitor::Refused, "refused_events", None), &fact, "were refused at the door");
    if part > 0 {
        let reasons: Vec<String> = reasons.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        finding.evidence.push_str(&format!(" ({})", reasons.join(", ")));
    }
    finding
}

fn counted(facts: &WindowFacts<'_>, monitor: Monitor, subject: &str, count: u64, words: String) -> Finding {
    Finding {
        value: Some(count as f64),
        limit: Some(Limit::AtMost(0.0)),
        rows: count,
        convention: "count/arrival-hour".to_owned(),
        verdict: Verdict::Drifted,
        evidence: words,
        ..blank(facts, monitor, subject, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{DoorCounts, Outcomes, ReferenceFacts};
    use quiver_event::spec::{Service, Task};
    use quiver_event::time::{Timestamp, Window};
    use quiver_event::units::Share;

    fn spec(invalid_rate: Option<f64>) -> Spec {
        let mut spec: Spec = serde_json::from_value(serde_json::json!({
            "model": "m", "task": "binary", "features": {}
        }))
        .unwrap();
        assert_eq!(spec.task, Task::Binary);
        let invalid_rate = invalid_rate.map(|share| Share::new(share).unwrap());
        spec.service = Some(Service { invalid_rate, ..Service::default() });
        spec
    }

    fn found(spec: &Spec, door: Option<&DoorCounts>) -> Vec<Finding> {
        let (outcomes, reference) = (Outcomes::default(), ReferenceFacts::default());
        let window = Window { start: Timestamp(0), end: Timestamp(10) };
        let watermark = Timestamp(10);
        judge(
            spec,
            &WindowFacts {
                arm: "control",
                window,
                profile: None,
                outcomes: &outcomes,
                reference: &reference,
                door,
                watermark,
            },
        )
    }

    #[test]
    fn a_door_that_did_not_count_says_nothing() {
        assert!(found(&spec(None), None).is_empty());
    }

    #[test]
    fn refused_events_break_the_promise_on_invalid_input_and_say_why() {
        let door = DoorCounts {
            refused: [("no_time".to_owned(), 40), ("not_json".to_owned(), 60)].into(),
            ..DoorCounts::default()
        };
        let findings = found(&spec(Some(0.01)), Some(&door));
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].value, findings[0].rows), (Some(1.0), 100));
        assert_eq!(findings[0].verdict, Verdict::Broken);
        assert!(findings[0].evidence.contains("(no_time 40, not_json 60)"), "{}", findings[0].evidence);
        assert_eq!(found(&spec(None), Some(&door))[0].verdict, Verdict::Unjudged);
    }

    #[test]
    fn personal_data_and_clocks_are_findings_that_name_the_field_and_never_a_value() {
        let door = DoorCounts {
            refused: [("in_the_future".to_owned(), 3)].into(),
            personal: [(("feature_note".to_owned(), "email".to_owned()), 12)].into(),
            ..DoorCounts::default()
        };
        let findings = found(&spec(None), Some(&door));
        let told: Vec<&str> = findings.iter().map(|finding| finding.evidence.as_str()).collect();
        assert!(told[1].contains("3 events were ahead"));
        assert_eq!(
            told[2],
            "personal data (email) was seen in the field note of the model m, 12 times; it was redacted"
        );
        assert_eq!(findings[2].arrow, quiver_event::Arrow::Features);
    }
}
