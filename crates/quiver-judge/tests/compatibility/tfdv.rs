//! Holds the TensorFlow Data Validation 1.16 mode against figures of the released package.

use quiver_judge::distance::compatibility::tfdv::{
    Bucket, Histogram, Method, Source, histogram_of, jensen_shannon_of_histograms, measure_categories, measure_numbers,
};
use serde_json::Value;

use crate::fixture::{Kind, agree, cases, categories, number, numbers, results};

const FILE: &str = "tfdv_1_16.json";
const DIVERGENCE: &str = "jensen_shannon_divergence";

fn histogram(buckets: &Value, nan: &Value) -> Histogram {
    let bucket = |entry: &Value| Bucket {
        low: number(&entry[0]).expect("a lower bound"),
        high: number(&entry[1]).expect("an upper bound"),
        rows: number(&entry[2]).expect("a count"),
    };
    let buckets = buckets.as_array().expect("buckets").iter().map(bucket).collect();
    Histogram { buckets, nan: nan.as_f64().unwrap_or(0.0) }
}

#[test]
fn numbers_fall_in_the_same_buckets() {
    for case in cases(FILE, "numeric") {
        for (name, expected) in results(&case) {
            let source = if name == "standard" { Source::Standard } else { Source::Quantiles };
            for side in ["reference", "current"] {
                let wanted = histogram(&expected[format!("{side}_histogram")], &Value::Null);
                let found = histogram_of(source, &numbers(&case, side)).expect("a histogram");
                assert_eq!(wanted.buckets.len(), found.buckets.len(), "{} {name} {side}", case["name"]);
                for (one, other) in wanted.buckets.iter().zip(&found.buckets) {
                    if one.low.is_finite() {
                        agree(&case, name, Kind::Distance, one.low, other.low);
                    }
                    agree(&case, name, Kind::Distance, one.rows, other.rows);
                }
            }
        }
    }
}

#[test]
fn numbers_diverge_as_in_tfdv() {
    for case in cases(FILE, "numeric") {
        for (name, expected) in results(&case) {
            let source = if name == "standard" { Source::Standard } else { Source::Quantiles };
            let value = expected[DIVERGENCE].as_f64().expect("a divergence");
            let found = measure_numbers(source, &numbers(&case, "reference"), &numbers(&case, "current"));
            agree(&case, name, Kind::Distance, value, found.expect("a distance").value);
        }
    }
}

#[test]
fn given_histograms_diverge_as_in_tfdv() {
    for case in cases(FILE, "histogram") {
        let reference = histogram(&case["reference_histogram"], &case["reference_nan"]);
        let current = histogram(&case["current_histogram"], &case["current_nan"]);
        let found = jensen_shannon_of_histograms(&reference, &current).expect("a distance").value;
        agree(&case, DIVERGENCE, Kind::Distance, case["results"][DIVERGENCE].as_f64().expect("a divergence"), found);
    }
}

#[test]
fn categories_measure_as_in_tfdv() {
    for case in cases(FILE, "categorical") {
        let (reference, current) = (categories(&case, "reference"), categories(&case, "current"));
        for (name, expected) in results(&case) {
            let method = match name {
                "l_infinity" => Method::LInfinity,
                "normalized_abs_difference" => Method::NormalizedAbsoluteDifference,
                DIVERGENCE => Method::JensenShannon,
                other => panic!("unknown measure {other}"),
            };
            let found = measure_categories(method, &reference, &current).expect("a distance").value;
            agree(&case, name, Kind::Distance, expected.as_f64().expect("a number"), found);
        }
    }
}
