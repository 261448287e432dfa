//! Holds the Evidently 0.7 mode against figures of the released package.

use quiver_judge::distance::compatibility::Storage;
use quiver_judge::distance::compatibility::evidently::{
    Method, default_for_categories, default_for_numbers, measure_categories, measure_numbers,
};
use serde_json::Value;

use crate::fixture::{Kind, agree, cases, categories, numbers, results};

const FILE: &str = "evidently_0_7.json";

fn method(name: &str) -> (Method, Kind) {
    match name {
        "psi" => (Method::Psi, Kind::Distance),
        "kl_div" => (Method::KullbackLeibler, Kind::Distance),
        "jensenshannon" => (Method::JensenShannon, Kind::Root),
        "hellinger" => (Method::Hellinger, Kind::Root),
        "wasserstein" => (Method::Wasserstein, Kind::Distance),
        "ks" => (Method::KolmogorovSmirnov, Kind::PValue),
        "chisquare" => (Method::ChiSquare, Kind::PValue),
        "z" => (Method::ZTest, Kind::RoundedPValue),
        other => panic!("unknown method {other}"),
    }
}

fn named(displayed: &str) -> &'static str {
    match displayed {
        "K-S p_value" => "ks",
        "chi-square p_value" => "chisquare",
        "Z-test p_value" => "z",
        "Wasserstein distance (normed)" => "wasserstein",
        "Jensen-Shannon distance" => "jensenshannon",
        other => panic!("unknown default {other}"),
    }
}

fn check_default(case: &Value, chosen: Method, measure: impl Fn(Method) -> f64) {
    let expected = &case["results"]["default"];
    let (method, kind) = method(named(expected["method"].as_str().expect("a method")));
    assert_eq!(chosen, method, "{}", case["name"]);
    let value = measure(method);
    agree(case, "default", kind, expected["value"].as_f64().expect("a value"), value);
    assert_eq!(expected["threshold"].as_f64(), Some(method.threshold()), "{}", case["name"]);
    assert_eq!(expected["drifted"].as_bool(), Some(method.is_drift(value)), "{}", case["name"]);
}

#[test]
fn numbers_score_as_in_evidently() {
    for case in cases(FILE, "numeric") {
        let (reference, current) = (numbers(&case, "reference"), numbers(&case, "current"));
        let storage = if case["type"] == "integer" { Storage::Integer } else { Storage::Float };
        let measure = |method| measure_numbers(method, storage, &reference, &current).expect("a score").value;
        for (name, expected) in results(&case).filter(|(name, _)| *name != "default") {
            let (method, kind) = method(name);
            agree(&case, name, kind, expected.as_f64().expect("a score"), measure(method));
        }
        check_default(&case, default_for_numbers(&reference, &current), measure);
    }
}

#[test]
fn categories_score_as_in_evidently() {
    for case in cases(FILE, "categorical") {
        let (reference, current) = (categories(&case, "reference"), categories(&case, "current"));
        let measure = |method| measure_categories(method, &reference, &current).expect("a score").value;
        // TVD is a permutation p-value from NumPy's random numbers, which Quiver does not have.
        for (name, expected) in results(&case).filter(|(name, _)| !["default", "TVD"].contains(name)) {
            let (method, kind) = method(name);
            agree(&case, name, kind, expected.as_f64().expect("a score"), measure(method));
        }
        check_default(&case, default_for_categories(&reference, &current), measure);
    }
}
