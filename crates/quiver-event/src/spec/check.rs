//! Cross-checks of a spec that no schema can express, each naming the place, what was expected and the nearest word.

use super::{FeatureType, Spec};
use crate::time::{Timestamp, Zone};

/// One mistake in a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The place, as a JSON pointer such as `/quality/0/metric`.
    pub pointer: String,
    /// What is wrong, with the value.
    pub message: String,
    /// What was expected there, or what to do.
    pub expected: String,
    /// The nearest valid word, where one is near.
    pub nearest: Option<String>,
}

/// The candidate nearest to `word` by edit distance, when it is near enough to be a slip of the pen.
pub fn nearest_word<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let limit = (word.chars().count() / 3).max(1) + 1;
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, candidate)| (*distance, candidate.len()))
        .map(|(_, candidate)| candidate.to_owned())
}

fn edit_distance(left: &str, right: &str) -> usize {
    strsim::damerau_levenshtein(left, right)
}

impl Spec {
    /// Every contradiction in the spec; an empty list means that it can be used.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Problems(Vec::new());
        self.check_names(&mut problems);
        self.check_quality(&mut problems);
        self.check_time(&mut problems);
        self.check_features(&mut problems);
        self.check_decision(&mut problems);
        self.check_capture(&mut problems);
        self.check_columns(&mut problems);
        problems.0
    }

    fn check_names(&self, problems: &mut Problems) {
        if !is_model_name(&self.model) {
            problems.add(
                "/model",
                format!("`{}` is no model name", self.model),
                "letters, digits, `-`, `_` and `.`, at most 100 characters, starting with a letter or digit",
            );
        }
        for (index, slice) in self.slices.iter().enumerate() {
            let pointer = format!("/slices/{index}");
            match self.features.get(slice) {
                None => problems.near(
                    &pointer,
                    format!("slice `{slice}` is no feature"),
                    "the name of a category or boolean feature declared under `features`",
                    slice,
                    self.features.names(),
                ),
                Some(feature) if !matches!(feature.kind, FeatureType::Category | FeatureType::Boolean) => problems.add(
                    &pointer,
                    format!("slice `{slice}` is a {} feature", feature.kind.name()),
                    "a category or boolean feature; make a banded category of a number first",
                ),
                Some(_) if self.slices[..index].contains(slice) => {
                    problems.add(&pointer, format!("slice `{slice}` stands twice"), "each slice once");
                }
                Some(_) => {}
            }
        }
    }

    fn check_quality(&self, problems: &mut Problems) {
        for (index, target) in self.quality.iter().enumerate() {
            let pointer = format!("/quality/{index}");
            let metric = target.metric.name();
            if !target.metric.fits(self.task) {
                let fitting: Vec<&str> = super::Metric::ALL
                    .iter()
                    .filter(|metric| metric.fits(self.task))
                    .map(|metric| metric.name())
                    .collect();
                let expected = match fitting.is_empty() {
                    true => format!("no built-in metric fits the task {} yet; use `purpose`", self.task.name()),
                    false => format!("a metric of this task: {}", fitting.join(", ")),
                };
                problems.add(
                    &format!("{pointer}/metric"),
                    format!("a {} model has no `{metric}`", self.task.name()),
                    &expected,
                );
            }
            if target.at_least.is_some() == target.at_most.is_some() {
                problems.add(
                    &pointer,
                    format!("target on `{metric}` needs one limit"),
                    "either `at_least` or `at_most`",
                );
            }
            if let Some(threshold) = target.threshold {
                if !(0.0..=1.0).contains(&threshold) {
                    problems.add(
                        &format!("{pointer}/threshold"),
                        format!("threshold {threshold} can never split scores"),
                        "a number from 0 to 1",
                    );
                }
                if !target.metric.needs_threshold() {
                    problems.add(
                        &format!("{pointer}/threshold"),
                        format!("`{metric}` uses no threshold"),
                        "remove it, or choose precision, recall, f1 or accuracy",
                    );
                }
            }
            if let Some(slice) = &target.by
                && !self.slices.contains(slice)
            {
                problems.near(
                    &format!("{pointer}/by"),
                    format!("`{slice}` is not among the slices"),
                    "a name listed under `slices`",
                    slice,
                    self.slices.iter().map(String::as_str),
                );
            }
        }
        if !self.quality.is_empty() && self.feedback.is_none() {
            problems.add(
                "/quality",
                "quality targets without feedback can never be judged".to_owned(),
                "a `feedback` section that names the label",
            );
        }
    }

    fn check_time(&self, problems: &mut Problems) {
        let zone = Zone::parse(&self.timezone);
        if let Err(error) = &zone {
            let common = [
                "UTC",
                "America/New_York",
                "America/Los_Angeles",
                "America/Chicago",
                "Europe/London",
                "Europe/Berlin",
                "Europe/Paris",
                "Asia/Tokyo",
                "Asia/Kolkata",
                "Asia/Shanghai",
                "Australia/Sydney",
            ];
            problems.near("/timezone", error.to_string(), "a name of the IANA database", &self.timezone, common);
        }
        let retention = self.retention();
        if let Some(feedback) = &self.feedback
            && retention.events < feedback.horizon
        {
            // Where no retention is written, the horizon is what the owner wrote.
            let (pointer, origin) = match self.privacy {
                Some(_) => ("/privacy/retention/events", ""),
                None => ("/feedback/horizon", " where the spec says nothing else"),
            };
            problems.add(
                pointer,
                format!(
                    "events are kept {}{origin} but labels are awaited for {} (feedback.horizon): late labels would \
                     find no prediction",
                    retention.events, feedback.horizon
                ),
                "`privacy.retention.events` of at least the feedback horizon",
            );
        }
        if let Some(delay) = self.feedback.as_ref().and_then(|feedback| feedback.expected_delay.as_ref())
            && let (Some(p50), Some(p95)) = (delay.p50, delay.p95)
            && p50 > p95
        {
            problems.add(
                "/feedback/expected_delay/p50",
                format!("half of the labels cannot take longer ({p50}) than 95 % of them ({p95})"),
                "p50 of at most p95",
            );
        }
        let Some(reference) = &self.reference else { return };
        let period = reference.from.is_some() || reference.to.is_some();
        let ways =
            usize::from(period) + usize::from(reference.file.is_some()) + usize::from(reference.version.is_some());
        if ways != 1 {
            problems.add(
                "/reference",
                format!("{ways} kinds of reference"),
                "exactly one of: `from` and `to`, `file`, `version`",
            );
        }
        if period && (reference.from.is_none() || reference.to.is_none()) {
            problems.add("/reference", "a period with one end".to_owned(), "both `from` and `to`");
        }
        if let (Ok(zone), Some(from), Some(to)) = (&zone, &reference.from, &reference.to) {
            let start = Timestamp::parse_in(from, zone)
                .map_err(|error| problems.add("/reference/from", error.to_string(), "a date such as 2013-02-01"));
            let end = Timestamp::parse_in(to, zone)
                .map_err(|error| problems.add("/reference/to", error.to_string(), "a date such as 2013-03-01"));
            if let (Ok(start), Ok(end)) = (start, end)
                && start >= end
            {
                problems.add(
                    "/reference/to",
                    format!("the reference ends ({to}) before it begins ({from})"),
                    "a `to` after `from`; `to` is the first day outside",
                );
            }
        }
    }

    fn check_features(&self, problems: &mut Problems) {
        if self.features.is_empty() {
            problems.add(
                "/features",
                "no feature is declared".to_owned(),
                "at least one feature; `quiver init DATA` writes them from data",
            );
        }
        for (index, (name, feature)) in self.features.iter().enumerate() {
            let pointer = format!("/features/{}", escape(name));
            let twin = self.features.names().take(index).find(|other| other.eq_ignore_ascii_case(name));
            if let Some(twin) = twin {
                problems.add(
                    &pointer,
                    format!("`{name}` and `{twin}` differ by case only"),
                    "names that tables without case can hold apart",
                );
            }
            if let Some([low, high]) = feature.range {
                if feature.kind != FeatureType::Number {
                    problems.add(
                        &format!("{pointer}/range"),
                        format!("a {} has no range", feature.kind.name()),
                        "a range on numbers only",
                    );
                } else if low > high {
                    problems.add(
                        &format!("{pointer}/range"),
                        format!("range [{low}, {high}] holds no number"),
                        "the smaller number first",
                    );
                }
            }
            if feature.values.is_some() && feature.kind != FeatureType::Category {
                problems.add(
                    &format!("{pointer}/values"),
                    format!("a {} has no list of values", feature.kind.name()),
                    "`values` on categories only",
                );
            }
            if feature.max_length.is_some() && !matches!(feature.kind, FeatureType::Text | FeatureType::Category) {
                problems.add(
                    &format!("{pointer}/max_length"),
                    format!("a {} has no length", feature.kind.name()),
                    "`max_length` on text only",
                );
            }
            if feature.dimension.is_some() && feature.kind != FeatureType::Embedding {
                problems.add(
                    &format!("{pointer}/dimension"),
                    format!("a {} has no dimension", feature.kind.name()),
                    "`dimension` on embeddings only",
                );
            }
            if let Some(source) = &feature.source
                && !self.sources.contains_key(source)
            {
                problems.near(
                    &format!("{pointer}/source"),
                    format!("source `{source}` is not declared"),
                    "a name declared under `sources`",
                    source,
                    self.sources.keys().map(String::as_str),
                );
            }
        }
    }

    fn check_decision(&self, problems: &mut Problems) {
        let Some(decision) = &self.decision else { return };
        if let Some(threshold) = decision.threshold
            && self.task == super::Task::Binary
            && !(0.0..=1.0).contains(&threshold)
        {
            problems.add(
                "/decision/threshold",
                format!("threshold {threshold} can never split scores"),
                "a number from 0 to 1",
            );
        }
        if let Some([low, high]) = decision.rate
            && low > high
        {
            problems.add("/decision/rate", format!("[{low}, {high}] holds no share"), "the smaller share first");
        }
    }

    fn check_capture(&self, problems: &mut Problems) {
        if self.capture_probability() == 0.0 {
            problems.add(
                "/capture/features",
                "no feature is ever kept, so nothing can be said of any".to_owned(),
                "a share above 0%; a feature that must not be kept has `action: drop`",
            );
        }
    }

    fn check_columns(&self, problems: &mut Problems) {
        let Some(columns) = &self.columns else { return };
        if columns.at.is_none() {
            problems.add(
                "/columns",
                "no column tells when a prediction was made".to_owned(),
                "`at: NAME` of the time column",
            );
        }
        if let Some(zone) = &columns.timezone
            && let Err(error) = Zone::parse(zone)
        {
            problems.add("/columns/timezone", error.to_string(), "a name of the IANA database");
        }
        let single = columns.score.is_some() || columns.value.is_some() || columns.class.is_some();
        if single && !columns.arms.is_empty() {
            problems.add(
                "/columns/arms",
                "outputs stand both under `columns` and under `arms`".to_owned(),
                "one of the two",
            );
        }
        if !columns.arms.is_empty() && !columns.arms.contains_key(super::LIVE_ARM) {
            problems.near(
                "/columns/arms",
                "no arm is live".to_owned(),
                "one arm named `control`, whose answers are used",
                "control",
                columns.arms.keys().map(String::as_str),
            );
        }
        for name in columns.features.keys() {
            if self.features.get(name).is_none() {
                problems.near(
                    &format!("/columns/features/{}", escape(name)),
                    format!("`{name}` is no declared feature"),
                    "a name declared under `features`",
                    name,
                    self.features.names(),
                );
            }
        }
    }
}

struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, pointer: &str, message: String, expected: &str) {
        self.0.push(Problem { pointer: pointer.to_owned(), message, expected: expected.to_owned(), nearest: None });
    }

    fn near<'a>(
        &mut self,
        pointer: &str,
        message: String,
        expected: &str,
        word: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) {
        let nearest = nearest_word(word, candidates);
        self.0.push(Problem { pointer: pointer.to_owned(), message, expected: expected.to_owned(), nearest });
    }
}

/// Escapes a name for a JSON pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn is_model_name(name: &str) -> bool {
    let allowed = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    name.len() <= 100 && name.chars().next().is_some_and(char::is_alphanumeric) && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> serde_json::Value {
        serde_json::json!({
            "model": "m", "task": "binary",
            "features": {"distance": {"type": "number", "range": [0, 6000]}, "carrier": {"type": "category"}},
            "feedback": {"label": "late", "horizon": "7d"},
            "quality": [{"metric": "recall", "at_least": 0.1, "by": "carrier"}],
            "slices": ["carrier"],
            "reference": {"from": "2013-02-01", "to": "2013-03-01"},
            "privacy": {"retention": {"events": "30d"}},
        })
    }

    #[track_caller]
    fn check(pointer: &str, value: serde_json::Value, at: &str, part: &str, nearest: Option<&str>) {
        let mut json = spec();
        *json.pointer_mut(pointer).unwrap() = value;
        let problems = serde_json::from_value::<Spec>(json).unwrap().problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].pointer, at);
        assert!(problems[0].message.contains(part), "{:?}", problems[0]);
        assert_eq!(problems[0].nearest.as_deref(), nearest);
    }

    #[test]
    fn a_sound_spec_has_no_problem() {
        assert_eq!(serde_json::from_value::<Spec>(spec()).unwrap().problems(), []);
    }

    #[test]
    fn a_misspelt_slice_is_named_twice_because_a_target_needs_it() {
        let mut json = spec();
        json["slices"] = serde_json::json!(["carier"]);
        let pointers: Vec<String> = serde_json::from_value::<Spec>(json)
            .unwrap()
            .problems()
            .into_iter()
            .map(|problem| problem.pointer)
            .collect();
        assert_eq!(pointers, ["/slices/0", "/quality/0/by"]);
    }

    #[test]
    fn retention_shorter_than_the_horizon_is_refused() {
        check("/privacy/retention/events", "3d".into(), "/privacy/retention/events", "labels are awaited for 1w", None);
        let mut json = spec();
        json.as_object_mut().unwrap().remove("privacy");
        json["feedback"]["horizon"] = "60d".into();
        let problems = serde_json::from_value::<Spec>(json).unwrap().problems();
        assert_eq!(problems.len(), 1, "the default retention counts, too: {problems:?}");
        assert_eq!(problems[0].pointer, "/feedback/horizon");
    }

    #[test]
    fn a_metric_that_the_task_does_not_have_is_refused() {
        check("/quality/0/metric", "rmse".into(), "/quality/0/metric", "a binary model has no `rmse`", None);
    }

    #[test]
    fn a_misspelt_slice_gets_the_nearest_feature() {
        let mut json = spec();
        json["slices"] = serde_json::json!(["carrier", "distence"]);
        let problems = serde_json::from_value::<Spec>(json).unwrap().problems();
        assert_eq!(problems[0].nearest.as_deref(), Some("distance"));
    }

    #[test]
    fn a_reference_that_ends_before_it_begins_is_refused() {
        check("/reference/to", "2013-01-01".into(), "/reference/to", "before it begins", None);
    }
}
