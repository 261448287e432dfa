//! Holds the NannyML 0.13 mode against figures of the released package.

use quiver_judge::distance::compatibility::nannyml::{Method, measure_categories, measure_numbers};

use crate::fixture::{Kind, agree, cases, categories, numbers, results};

const FILE: &str = "nannyml_0_13.json";

fn method(name: &str) -> (Method, Kind) {
    match name {
        "jensen_shannon" => (Method::JensenShannon, Kind::Root),
        "hellinger" => (Method::Hellinger, Kind::Root),
        "kolmogorov_smirnov" => (Method::KolmogorovSmirnov, Kind::Distance),
        "wasserstein" => (Method::Wasserstein, Kind::Distance),
        "l_infinity" => (Method::LInfinity, Kind::Distance),
        "chi2" => (Method::ChiSquare, Kind::Distance),
        other => panic!("unknown method {other}"),
    }
}

#[test]
fn numbers_measure_as_in_nannyml() {
    for case in cases(FILE, "numeric") {
        let (reference, current) = (numbers(&case, "reference"), numbers(&case, "current"));
        for (name, expected) in results(&case).filter(|(name, _)| !name.ends_with("_error")) {
            let (method, kind) = method(name);
            let found = measure_numbers(method, &reference, &current);
            match expected.as_f64() {
                Some(expected) => agree(&case, name, kind, expected, found.expect("a distance").value),
                None => assert!(found.is_err(), "{} {name}: NannyML has no number", case["name"]),
            }
        }
    }
}

#[test]
fn categories_measure_as_in_nannyml() {
    for case in cases(FILE, "categorical") {
        let (reference, current) = (categories(&case, "reference"), categories(&case, "current"));
        for (name, expected) in results(&case) {
            let expected = expected.as_f64().expect("a number");
            if name == "chi2_p" {
                let found = measure_categories(Method::ChiSquare, &reference, &current).expect("a test");
                agree(&case, name, Kind::PValue, expected, found.p_value.expect("a p-value"));
                continue;
            }
            let (method, kind) = method(name);
            let found = measure_categories(method, &reference, &current).expect("a distance");
            agree(&case, name, kind, expected, found.value);
        }
    }
}
