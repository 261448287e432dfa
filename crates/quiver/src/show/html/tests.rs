//! Tests of the pages as a whole: they read the HTML as a browser would, tag by tag.

use super::super::comparison::Comparison;
use super::{FULL, LEAST, MAXIMUM_BYTES, comparison, fit, report};
use quiver_door::spec_file::parse_spec;
use quiver_event::Arrow;
use quiver_event::spec::Spec;
use quiver_event::time::{Timestamp, Window};
use quiver_judge::comparison::{BinPair, ColumnComparison};
use quiver_judge::diagnosis::{BinResponse, FeatureShift, WindowFindings, diagnose};
use quiver_judge::distance::{Convention, Distance};
use quiver_judge::finding::{Finding, Limit, Monitor, Slice, Verdict};
use quiver_profile::column::{Counts, Disclosure, HistogramBar, Quantiles, ValueCount};
use quiver_profile::edges::BinLabel;
use quiver_profile::{ColumnKind, ColumnSummary};
use quiver_server::evaluation::{ArmEvaluation, ColumnHistory, Evaluation};

const HOSTILE: &str = "<script>alert(1)</script>";

/// A tag with its attributes, as a browser reads them.
#[derive(Debug)]
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

/// Every tag of a page. Text is escaped, so each `<` begins a tag; a value may hold anything but its quote.
fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !"/!-".contains(letter)).unwrap();
        let name = rest[..end].trim_start_matches('/').to_ascii_lowercase();
        rest = &rest[end..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '/');
            if let Some(after) = rest.strip_prefix('>') {
                rest = after;
                break;
            }
            let end = rest.find(|letter: char| letter.is_whitespace() || "=>".contains(letter)).unwrap();
            let key = rest[..end].to_ascii_lowercase();
            rest = &rest[end..];
            let value = match rest.strip_prefix("=\"") {
                Some(after) => {
                    let (value, after) = after.split_once('"').unwrap();
                    rest = after;
                    value.to_owned()
                }
                None => {
                    assert!(!rest.starts_with('='), "an attribute without quotes: {key}");
                    String::new()
                }
            };
            attributes.push((key, value));
        }
        tags.push(Tag { name, attributes });
    }
    tags
}

/// Whatever the data: nothing runs, nothing is loaded, no number is none, every anchor leads somewhere.
#[track_caller]
fn check_harmless(html: &str) {
    let tags = tags(html);
    assert!(tags.len() > 50, "the page was not read: {} tags", tags.len());
    let forbidden = ["script", "iframe", "object", "embed", "img", "image", "base", "form", "foreignobject", "animate"];
    let ids: Vec<&str> =
        tags.iter().flat_map(|tag| &tag.attributes).filter(|(key, _)| key == "id").map(|(_, id)| id.as_str()).collect();
    for tag in &tags {
        assert!(!forbidden.contains(&tag.name.as_str()), "{tag:?}");
        for (key, value) in &tag.attributes {
            assert!(!key.starts_with("on"), "{tag:?}");
            assert!(!["src", "srcset", "srcdoc", "style", "action", "xlink:href"].contains(&key.as_str()), "{tag:?}");
            if key == "href" {
                let target = value.strip_prefix('#');
                assert!(value == "data:," || target.is_some_and(|target| ids.contains(&target)), "{tag:?}");
            }
            let is_number = ["d", "x", "y", "width", "height", "viewbox"].contains(&key.as_str());
            assert!(!is_number || !(value.contains("NaN") || value.contains("inf")), "{tag:?}");
        }
    }
    assert!(!html.to_ascii_lowercase().contains("<script"));
    for address in ["http://", "https://", "url(", "@import", "src="] {
        assert!(!html.contains(address), "{address}");
    }
    assert!(
        html.starts_with("<!doctype html>")
            && html.contains("default-src &#x27;none&#x27;") != html.contains("default-src 'none'")
    );
}

#[test]
fn the_reader_of_tags_finds_what_the_check_looks_for() {
    let found = tags("<p title=\"a > b\">x</p><img onerror=\"y\" disabled><svg><use href=\"#a\"/></svg>");
    let names: Vec<&str> = found.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["p", "p", "img", "svg", "use", "svg"]);
    assert_eq!(found[2].attributes[0], ("onerror".to_owned(), "y".to_owned()));
    assert_eq!(found[4].attributes[0].1, "#a");
}

#[test]
#[should_panic(expected = "onload")]
fn a_page_with_a_handler_is_found_out() {
    check_harmless(&format!("<!doctype html>{}<p onload=\"x\">", "<b>".repeat(60)));
}

// ---- the size

/// The size of the page that is taken when panels, rows and places are so large, and the sizes that were tried.
fn fitted(panel: usize, row: usize, place: usize) -> (usize, usize) {
    let tries = std::cell::Cell::new(0);
    let page = |room: super::Room| {
        tries.set(tries.get() + 1);
        Ok("x".repeat(room.panels * panel + room.rows * row + room.places * place))
    };
    (fit(page).unwrap().len(), tries.get())
}

#[test]
fn a_page_that_fits_is_made_once() {
    assert_eq!(fitted(10, 10, 10), (10 * (FULL.panels + FULL.rows + FULL.places), 1));
}

#[test]
fn panels_give_way_first_and_no_more_than_they_must() {
    let (size, tries) = fitted(20_000, 100, 100);
    assert!((MAXIMUM_BYTES * 9 / 10..=MAXIMUM_BYTES).contains(&size), "{size} bytes");
    assert_eq!(tries, 3);
}

#[test]
fn rows_and_places_give_way_where_panels_are_not_enough() {
    assert!(fitted(20_000, 2_000, 10).0 <= MAXIMUM_BYTES);
    assert!(fitted(20_000, 10, 10_000).0 <= MAXIMUM_BYTES);
    let hopeless = 20_000;
    assert_eq!(fitted(hopeless, hopeless, hopeless).0, hopeless * (LEAST.panels + LEAST.rows + LEAST.places));
}

// ---- a model

fn spec() -> Spec {
    let text = "
model: flight-delay
owner: departures@example.com
task: binary
timezone: America/New_York
quality:
  - {metric: recall, threshold: 0.5, at_least: 0.10}
feedback: {label: late}
features:
  temp: {type: number, unit: °F}
  carrier: {type: category}
reference: {from: 2013-02-01, to: 2013-03-01}
";
    parse_spec(text, "test").unwrap()
}

const HOUR: i64 = 3_600_000_000;

/// The windows of some months of 2013 from February on, each of thirty days.
fn months(number: usize) -> (Vec<Window>, Vec<String>) {
    let window = |month: i64| Window { start: Timestamp(month * 720 * HOUR), end: Timestamp((month + 1) * 720 * HOUR) };
    ((1..=number as i64).map(window).collect(), (2..2 + number).map(|month| format!("2013-{month:02}")).collect())
}

fn finding(
    window: Window,
    monitor: Monitor,
    subject: &str,
    value: Option<f64>,
    limit: Limit,
    verdict: Verdict,
) -> Finding {
    Finding {
        arm: "control".to_owned(),
        window,
        arrow: monitor.arrow(),
        monitor,
        subject: subject.to_owned(),
        slice: None,
        value,
        interval: value.map(|value| [value * 0.9, value * 1.1]),
        noise_floor: value.map(|_| 0.002),
        limit: Some(limit),
        reference_value: Some(0.15),
        rows: 100,
        reference_rows: 200,
        convention: "psi/quantile10+heavy+range+null".to_owned(),
        verdict,
        evidence: format!("{subject}: measured"),
    }
}

/// What one arm shows in each month: the distance of `temp`, the decision rate and the recall.
fn arm(name: &str, windows: &[Window], feature: &str, rows: &[(f64, f64, Option<f64>)]) -> ArmEvaluation {
    let findings = windows.iter().zip(rows).map(|(&window, &(distance, rate, recall))| {
        let drift = if distance > 0.2 { Verdict::Drifted } else { Verdict::Healthy };
        let decision = if rate < 0.03 { Verdict::Broken } else { Verdict::Healthy };
        let quality = match recall {
            None => Verdict::LabelsPending,
            Some(recall) if recall < 0.1 => Verdict::Broken,
            Some(_) => Verdict::Healthy,
        };
        WindowFindings::new(
            window,
            1_000,
            900,
            vec![
                finding(window, Monitor::Drift, feature, Some(distance), Limit::AtMost(0.2), drift),
                finding(
                    window,
                    Monitor::DecisionRate,
                    "decision_rate",
                    Some(rate),
                    Limit::Within(0.03, 0.27),
                    decision,
                ),
                finding(window, Monitor::Quality, "recall", recall, Limit::AtLeast(0.1), quality),
            ],
        )
    });
    let findings: Vec<WindowFindings> = findings.collect();
    let shift = FeatureShift {
        feature: feature.to_owned(),
        bins: vec![
            BinResponse { reference_rows: 100, reference_output: 50.0, current_rows: 10, current_output: 5.0 },
            BinResponse { reference_rows: 0, reference_output: 0.0, current_rows: 90, current_output: 9.0 },
        ],
    };
    let diagnosis = diagnose(name, &findings, |_| vec![shift]);
    let column = ColumnHistory {
        arrow: Arrow::Features,
        subject: feature.to_owned(),
        unit: Some("°F".to_owned()),
        bins: vec![
            BinLabel::Under(10.0),
            BinLabel::Range { above: Some(10.0), up_to: Some(30.5) },
            BinLabel::Over(30.5),
            BinLabel::Null,
        ],
        reference: vec![0, 200, 0, 0],
        windows: windows.iter().map(|_| vec![0, 40, 60, 0]).collect(),
    };
    ArmEvaluation {
        arm: name.to_owned(),
        is_live: name == "control",
        versions: vec!["v1".to_owned()],
        windows: findings,
        diagnosis,
        columns: vec![column],
    }
}

fn evaluation(feature: &str) -> Evaluation {
    let (windows, labels) = months(6);
    let live = [
        (0.01, 0.09, Some(0.15)),
        (1.2, 0.08, Some(0.15)),
        (7.2, 0.02, Some(0.04)),
        (9.9, 0.001, Some(0.01)),
        (0.1, 0.09, Some(0.2)),
        (0.1, 0.09, None),
    ];
    let shadow = live.map(|(distance, _, _)| (distance, 0.1, Some(0.3)));
    let arms = vec![arm("control", &windows, feature, &live), arm("shadow", &windows, feature, &shadow)];
    let reference = Some(windows[0]);
    Evaluation { spec: spec(), reference, windows, labels, arms, as_of_offset: 42 }
}

/// The text of a page without its tags, and without runs of space.
fn text(html: &str) -> String {
    let body = html.split("</style>").last().unwrap();
    let mut text: String = body.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text)).collect();
    for (escaped, plain) in
        [("&#x2f;", "/"), ("&#x27;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
    {
        text = text.replace(escaped, plain);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check_says(html: &str, expected: &[&str]) {
    let text = text(html);
    for words in expected {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
}

#[test]
fn the_report_answers_what_broke_since_when_and_why() {
    let html = report(&evaluation("temp")).unwrap();
    check_harmless(&html);
    check_says(
        &html,
        &[
            "The live model broke in April 2013. The arrow that broke first: 3 Inference → Decision.",
            "Decision rate 2.0% in April 2013, allowed 3.0% to 27%.",
            "Arrow 3 broken in 2 of 4 judged months; July 2013 is healthy again. At once with it: 4 Feedback → Update.",
            "The mean output went from 0.5 to 0.14, and 100% of that move goes with temp: psi 7.20 from the reference",
            "90% of its values lie where the reference never was",
        ],
    );
    check_says(&html, &["Not observed: the events carry no latency and no errors."]);
    check_says(&html, &["The shadow model saw the same temp (distance 7.20) and kept every promise."]);
    for place in ["s1 drifted", "s2 not_observed", "s3 broken", "s4 back broken"] {
        assert!(html.contains(&format!("class=\"step {place}\"")), "the picture shows {place}");
    }
    check_says(
        &html,
        &["decision rate 0.10% in May 2013, allowed 3.0% to 27%", "1 of 1 features moved; furthest temp, psi 9.90"],
    );
    check_says(&html, &["journal offset 42", "America/New_York", "departures@example.com"]);
}

#[test]
fn the_grid_has_a_cell_for_each_arrow_and_period_of_every_arm() {
    let html = report(&evaluation("temp")).unwrap();
    let cells = |verdict: &str| html.matches(&format!("<td class=\"{verdict}\"")).count();
    assert_eq!(cells("broken"), 4, "two arrows of the live arm, two months");
    assert_eq!(cells("drifted"), 6, "three months of drift in either arm");
    // Arrow 2 was never observed, and the labels of the last month are still coming.
    assert_eq!(cells("not_observed"), 12);
    assert_eq!(cells("labels_pending"), 1);
    assert_eq!(cells("healthy"), 48 - 4 - 6 - 12 - 1);
}

#[test]
fn a_model_is_healthy_again_only_when_every_arrow_is() {
    let mut evaluation = evaluation("temp");
    let last = evaluation.windows[5];
    let live = &mut evaluation.arms[0];
    let broken = finding(last, Monitor::Range, "temp", Some(0.2), Limit::AtMost(0.001), Verdict::Broken);
    live.windows[5] = WindowFindings::new(last, 10, 10, [live.windows[5].findings.clone(), vec![broken]].concat());
    live.diagnosis = diagnose("control", &live.windows, |_| Vec::new());
    let html = report(&evaluation).unwrap();
    check_says(
        &html,
        &["The live model is broken since April 2013. The arrow that broke first: 3 Inference → Decision."],
    );
    check_says(&html, &["At once with it: 4 Feedback → Update. Then: 1 Data → Features since July 2013."]);
}

#[test]
fn a_model_that_only_drifts_is_healthy() {
    let mut evaluation = evaluation("temp");
    evaluation.arms.remove(0);
    evaluation.arms[0].is_live = true;
    let html = report(&evaluation).unwrap();
    check_harmless(&html);
    check_says(&html, &["The live model is healthy: its inputs moved (temp), and no promise was broken."]);
    assert!(!text(&html).contains("What broke"), "nothing broke");
}

#[test]
fn an_evaluation_without_arms_or_periods_renders() {
    let empty =
        Evaluation { arms: Vec::new(), windows: Vec::new(), labels: Vec::new(), reference: None, ..evaluation("temp") };
    let html = report(&empty).unwrap();
    check_harmless(&html);
    check_says(&html, &["There is nothing to judge", "How this was computed"]);
    // Periods without a single finding are another kind of nothing.
    let (windows, labels) = months(2);
    let findings: Vec<WindowFindings> =
        windows.iter().map(|window| WindowFindings::new(*window, 0, 0, Vec::new())).collect();
    let diagnosis = diagnose("control", &findings, |_| Vec::new());
    let silent = ArmEvaluation {
        arm: "control".to_owned(),
        is_live: true,
        versions: Vec::new(),
        windows: findings,
        diagnosis,
        columns: Vec::new(),
    };
    let html = report(&Evaluation { arms: vec![silent], windows, labels, ..empty }).unwrap();
    check_harmless(&html);
    check_says(&html, &["The live model was not judged: nothing that was promised was observed."]);
}

#[test]
fn names_and_sentences_from_data_are_never_markup() {
    let breaker = "\"'><img src=x onerror=alert(1)>{{ 7191*7193 }}`";
    let mut hostile = evaluation(HOSTILE);
    hostile.spec.model = HOSTILE.to_owned();
    hostile.spec.owner = Some(breaker.to_owned());
    hostile.arms[1].arm = breaker.to_owned();
    hostile.labels[2] = breaker.to_owned();
    for arm in &mut hostile.arms {
        arm.versions = vec![HOSTILE.to_owned()];
        arm.columns[0].unit = Some(breaker.to_owned());
        arm.columns[0].bins[1] = BinLabel::Category(breaker.to_owned());
        for finding in arm.windows.iter_mut().flat_map(|window| &mut window.findings) {
            finding.evidence = format!("{HOSTILE}{breaker}");
            finding.convention = format!("{HOSTILE}{breaker}");
            if finding.monitor == Monitor::Quality {
                finding.slice = Some(Slice { name: HOSTILE.to_owned(), value: breaker.to_owned() });
            }
        }
        for finding in arm.diagnosis.onsets.iter_mut().flat_map(|onset| &mut onset.findings) {
            finding.evidence = format!("{HOSTILE}{breaker}");
        }
    }
    let html = report(&hostile).unwrap();
    check_harmless(&html.replace("src=x", ""));
    assert!(html.contains("&lt;script&gt;alert(1)"), "the name is shown, escaped");
    assert!(!html.contains("<img") && !html.contains("51724863"), "neither markup nor template");
}

#[test]
fn a_report_stays_small_whatever_the_number_of_periods_and_features() {
    let features: Vec<String> =
        (0..400).map(|number| format!("feature <{number}> with a rather long name & more")).collect();
    let number = 2_000;
    let windows: Vec<Window> =
        (0..number).map(|hour| Window { start: Timestamp(hour * HOUR), end: Timestamp((hour + 1) * HOUR) }).collect();
    let labels: Vec<String> = (0..number)
        .map(|hour| format!("2013-{:02}-{:02} {:02}h", 1 + hour / 720, 1 + hour / 24 % 30, hour % 24))
        .collect();
    let mut large = arm("control", &windows, "temp", &vec![(0.5, 0.01, Some(0.01)); number as usize]);
    let column = large.columns[0].clone();
    for feature in &features {
        for window in large.windows.iter_mut().step_by(7) {
            let drift =
                finding(window.window, Monitor::Drift, feature, Some(3.0), Limit::AtMost(0.2), Verdict::Drifted);
            window.findings.push(drift);
        }
        large.columns.push(ColumnHistory { subject: feature.clone(), ..column.clone() });
    }
    let large = Evaluation { arms: vec![large], windows, labels, ..evaluation("temp") };
    let html = report(&large).unwrap();
    check_harmless(&html);
    assert!(html.len() <= MAXIMUM_BYTES, "{} bytes", html.len());
    check_says(&html, &["feature <399>", "more features that moved have no picture"]);
}

#[test]
fn many_noisy_arms_stay_small_too() {
    let number = 6_000;
    let windows: Vec<Window> =
        (0..number).map(|hour| Window { start: Timestamp(hour * HOUR), end: Timestamp((hour + 1) * HOUR) }).collect();
    let labels: Vec<String> = windows.iter().map(|window| format!("hour {}", window.start.0 / HOUR)).collect();
    let noise = |seed: u64, index: u64| ((seed + 1) * 7_919 * (index + 3) % 1_009) as f64 / 1_009.0;
    let metrics: Vec<String> = (0..12).map(|metric| format!("metric {metric}")).collect();
    let noisy = |seed: u64, name: &str| {
        let rows: Vec<_> = (0..number as u64).map(|index| (noise(seed, index), noise(seed + 7, index), None)).collect();
        let mut noisy = arm(name, &windows, "temp", &rows);
        for (index, window) in noisy.windows.iter_mut().enumerate() {
            for (metric, name) in metrics.iter().enumerate() {
                let value = Some(noise(seed + metric as u64, index as u64));
                let limit = Limit::AtLeast(0.1);
                window.findings.push(finding(window.window, Monitor::Quality, name, value, limit, Verdict::Healthy));
            }
        }
        noisy
    };
    let arms = ["control", "a", "b", "c"].iter().zip(1..).map(|(name, seed)| noisy(seed * 31, name)).collect();
    let html = report(&Evaluation { arms, windows: windows.clone(), labels, ..evaluation("temp") }).unwrap();
    check_harmless(&html);
    assert!(html.len() <= MAXIMUM_BYTES, "{} bytes", html.len());
}

#[test]
fn values_that_are_no_numbers_reach_no_picture() {
    let mut broken = evaluation("temp");
    let findings = broken.arms.iter_mut().flat_map(|arm| &mut arm.windows).flat_map(|window| &mut window.findings);
    for (index, finding) in findings.enumerate() {
        finding.value = [Some(f64::NAN), Some(f64::INFINITY), finding.value, Some(-0.0)][index % 4];
        finding.interval = Some([f64::NEG_INFINITY, f64::NAN]);
        finding.noise_floor = Some(f64::INFINITY);
    }
    for arm in &mut broken.arms {
        arm.columns[0].reference = vec![0; 4];
        arm.columns[0].bins[1] = BinLabel::Range { above: Some(f64::NEG_INFINITY), up_to: Some(f64::NAN) };
    }
    check_harmless(&report(&broken).unwrap());
    let mut column = column("temp", f64::INFINITY);
    column.reference.histogram[3].rows = f64::NAN;
    column.current.histogram[0].from = f64::NEG_INFINITY;
    check_harmless(&comparison(&compared(vec![column])).unwrap());
}

// ---- a comparison

fn summary(name: &str, kind: ColumnKind, rows: u64, mean: f64) -> ColumnSummary {
    ColumnSummary {
        name: name.to_owned(),
        kind,
        disclosure: Disclosure::Public,
        counts: Counts { rows, null: rows / 10, ..Counts::default() },
        null_share: Some(0.1),
        edges: None,
        distinct: Some(12.0),
        distinct_exact: Some(12),
        mean: Some(mean),
        standard_deviation: Some(1.0),
        minimum: Some(mean - 3.0),
        maximum: Some(mean + 3.0),
        quantiles: Some(Quantiles { p01: 1.0, p05: 2.0, p25: 3.0, p50: mean, p75: 5.0, p95: 6.0, p99: 7.0 }),
        quantile_method: Some("exact"),
        top_values: (0..20)
            .map(|value| ValueCount { value: format!("value {value}"), count: 40 - value, at_most: 40 })
            .collect(),
        top_values_method: Some("exact"),
        histogram: (0..40)
            .map(|bar| HistogramBar { from: f64::from(bar), to: f64::from(bar + 1), rows: f64::from(bar % 7) })
            .collect(),
        lengths: None,
        empty: None,
        long: None,
        earliest_micros: None,
        latest_micros: None,
        hours: None,
        days: None,
        dimension: None,
        wrong_dimension: None,
        non_finite: None,
    }
}

fn distance(value: f64, convention: &str) -> Distance {
    Distance {
        value,
        convention: Convention::named(convention),
        reference_rows: 1_000,
        current_rows: 2_000,
        bins: 12,
        noise_floor: Some(0.01),
        p_value: None,
        bias: None,
    }
}

fn column(name: &str, value: f64) -> ColumnComparison {
    let bins = (0..13).map(|bin| BinPair {
        label: BinLabel::Range { above: Some(f64::from(bin)), up_to: Some(f64::from(bin) + 1.0) },
        reference: 70,
        current: 100 + u64::try_from(bin).unwrap(),
    });
    ColumnComparison {
        name: name.to_owned(),
        kind: ColumnKind::Number,
        verdict: if value > 0.2 { Verdict::Drifted } else { Verdict::Healthy },
        distance: Some(distance(value, "psi/quantile10+heavy+range+null")),
        limit: 0.2,
        is_near_unique: false,
        others: vec![distance(0.5, "js/base2/distance/quantile10+heavy+range+null"), distance(0.4, "ks/exact")],
        bins: bins.collect(),
        reference: summary(name, ColumnKind::Number, 1_000, 4.0),
        current: summary(name, ColumnKind::Number, 2_000, 4.5),
    }
}

fn compared(columns: Vec<ColumnComparison>) -> Comparison {
    Comparison {
        reference: "feb.parquet".to_owned(),
        current: "jul.parquet".to_owned(),
        reference_rows: 1_000,
        current_rows: 2_000,
        columns,
        missing: vec!["gone".to_owned()],
        added: vec!["pred_delay".to_owned()],
    }
}

#[test]
fn the_comparison_says_what_drifted_and_what_is_missing_or_new() {
    let html = comparison(&compared(vec![column("calm", 0.01), column("temp", 19.5), column("dewp", 3.0)])).unwrap();
    check_harmless(&html);
    check_says(&html, &["2 of 3 columns drifted", "temp (psi 19.50), dewp (psi 3.000)", "feb.parquet, 1,000 rows"]);
    check_says(&html, &["gone: only the reference has it", "pred_delay: only the current data has it"]);
    let order = ["id=\"c0\"", "id=\"c1\"", "id=\"c2\""].map(|id| html.split(id).nth(1).unwrap());
    assert!(order[0].split("</h3>").next().unwrap().contains("temp"), "the largest distance comes first");
    assert!(order[2].split("</h3>").next().unwrap().contains("calm"));
}

#[test]
fn a_column_of_identifiers_is_explained_in_words() {
    let mut unique = column("tail <number>", 0.4);
    unique.kind = ColumnKind::Category;
    unique.is_near_unique = true;
    let html = comparison(&compared(vec![unique])).unwrap();
    check_harmless(&html);
    check_says(&html, &["Its values hardly repeat, as in a column of identifiers"]);
    assert!(!html.contains("class=\"pair\""), "no bars of single values");
}

#[test]
fn a_column_named_like_a_script_is_a_name() {
    let mut hostile = column(HOSTILE, 1.0);
    hostile.reference.top_values[0].value = HOSTILE.to_owned();
    hostile.bins[0].label = BinLabel::Category("\"><b onclick=x>".to_owned());
    let mut page = compared(vec![hostile]);
    page.missing = vec![HOSTILE.to_owned()];
    page.reference = HOSTILE.to_owned();
    let html = comparison(&page).unwrap();
    check_harmless(&html);
    // The table, the panel, the head, the missing columns and the file's name; the value is cut short.
    assert!(html.matches("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;").count() >= 5, "shown, escaped");
    assert!(!html.contains("<b onclick"));
}

#[test]
fn a_comparison_of_two_thousand_columns_is_below_two_megabytes() {
    let columns: Vec<ColumnComparison> = (0..2_000)
        .map(|number| column(&format!("a column with <a> name & number {number}"), f64::from(number) / 1_000.0))
        .collect();
    let html = comparison(&compared(columns)).unwrap();
    check_harmless(&html);
    assert!(html.len() < 2_000_000, "{} bytes", html.len());
    check_says(&html, &["1799 of 2000 columns drifted", "so that this file stays small"]);
    let table = html.split("<h2>Column by column</h2>").next().unwrap();
    let listed = table.matches("<th scope=\"row\">").count();
    assert_eq!(listed, 2_000, "the table has every column");
    assert!(html.matches("class=\"panel wide\"").count() >= 20, "the furthest columns have pictures");
}

#[test]
fn a_comparison_of_nothing_renders() {
    let html = comparison(&Comparison { missing: Vec::new(), added: Vec::new(), ..compared(Vec::new()) }).unwrap();
    check_harmless(&html);
    check_says(&html, &["0 of 0 columns drifted"]);
    let mut empty = column("empty", 0.0);
    (empty.distance, empty.verdict) = (None, Verdict::NoData);
    empty.bins.clear();
    empty.others.clear();
    empty.current.counts.rows = 0;
    empty.current.histogram.clear();
    let html = comparison(&compared(vec![empty])).unwrap();
    check_harmless(&html);
    check_says(&html, &["There is nothing to compare: a side has no values."]);
}
