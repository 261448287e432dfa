//! How far each month's features lie from February's equals what numpy and SciPy compute.

use crate::flights::{self, CATEGORIES, NUMBERS};
use crate::place::Place;
use crate::year::{finding, window, year};
use quiver_judge::comparison::{Measured, measure_column};
use quiver_judge::distance::Measure;
use quiver_judge::distance::histogram::psi;
use quiver_judge::distance::independence::chi_square;
use quiver_profile::{ColumnKind, ColumnPlan, ColumnProfile, FreezeOptions, Plan, Profile};
use serde_json::Value;
use std::sync::OnceLock;

const REFERENCE: &str = "2013-02";

/// The fixture's names of the measures of numbers.
const OF_NUMBERS: [(Measure, &str); 8] = [
    (Measure::Psi, "psi"),
    (Measure::KullbackLeibler, "kl"),
    (Measure::JensenShannon, "js"),
    (Measure::Hellinger, "hellinger"),
    (Measure::TotalVariation, "total_variation"),
    (Measure::LInfinity, "l_infinity"),
    (Measure::KolmogorovSmirnov, "ks"),
    (Measure::Wasserstein, "wasserstein_normalised"),
];

/// The fixture's names of the measures of categories.
const OF_CATEGORIES: [(Measure, &str); 7] = [
    (Measure::Psi, "psi"),
    (Measure::KullbackLeibler, "kl"),
    (Measure::JensenShannon, "js"),
    (Measure::Hellinger, "hellinger"),
    (Measure::TotalVariation, "total_variation"),
    (Measure::LInfinity, "l_infinity"),
    (Measure::ChiSquare, "cramers_v"),
];

/// What numpy and SciPy found.
fn expected() -> &'static Value {
    static EXPECTED: OnceLock<Value> = OnceLock::new();
    EXPECTED.get_or_init(|| serde_json::from_str(include_str!("../independent/flights_distances.json")).unwrap())
}

/// The months of the fixture, all but the reference.
fn months() -> Vec<&'static str> {
    let months: Vec<&str> =
        expected()["numeric"]["temp"]["months"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(months.len(), 10);
    months
}

/// February on its own edges, and every later month on them.
struct Profiles {
    reference: Profile,
    months: Vec<(&'static str, Profile)>,
}

fn profiles() -> &'static Profiles {
    static PROFILES: OnceLock<Profiles> = OnceLock::new();
    PROFILES.get_or_init(|| {
        let number = NUMBERS.map(|name| ColumnPlan::public(name, ColumnKind::Number));
        let category = CATEGORIES.map(|name| ColumnPlan::public(name, ColumnKind::Category));
        let plan = Plan { columns: number.into_iter().chain(category).collect(), ..Plan::default() };
        let edges = profile(&plan, REFERENCE).freeze(&FreezeOptions::default());
        let plan = plan.with_edges(&edges);
        let months = months().into_iter().map(|month| (month, profile(&plan, month))).collect();
        Profiles { reference: profile(&plan, REFERENCE), months }
    })
}

fn profile(plan: &Plan, month: &str) -> Profile {
    let mut profile = Profile::new(plan);
    profile.update(&flights::month(month)).unwrap();
    profile
}

/// Gives every later month of a column: its name, the fixture's entry, the reference and the month.
fn each(kind: &str, name: &str, mut check: impl FnMut(&str, &Value, &ColumnProfile, &ColumnProfile)) {
    let reference = profiles().reference.column(name).unwrap();
    for (month, profile) in &profiles().months {
        let entry = &expected()[kind][name]["months"][month];
        check(&format!("{name} in {month}"), entry, reference, profile.column(name).unwrap());
    }
}

#[track_caller]
fn close(found: f64, expected: &Value, what: &str) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("{what}: the fixture has no such figure"));
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{what}: {found} and not {expected}");
}

fn counts(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|float| float.as_f64().unwrap()).collect()
}

fn coarse(profile: &ColumnProfile) -> Vec<u64> {
    profile.coarse().into_iter().map(|(_, count)| count).collect()
}

fn measured(reference: &ColumnProfile, current: &ColumnProfile, measure: Measure) -> f64 {
    match measure_column(reference, current, measure).unwrap() {
        Measured::ByValue(distance) => distance.value,
        other => panic!("{measure}: {other:?}"),
    }
}

#[test]
fn february_freezes_the_edges_that_numpy_finds() {
    for name in NUMBERS {
        let fixture = &expected()["numeric"][name];
        let column = profiles().reference.column(name).unwrap();
        let edges = column.edges().unwrap().as_number().unwrap();
        assert_eq!(edges.heavy_values(), floats(&fixture["heavy"]), "{name}");
        assert_eq!(edges.range_edges(), floats(&fixture["edges"]), "{name}");
        assert_eq!(edges.decile_edges(), floats(&fixture["quantile10_edges"]), "{name}");
        assert_eq!(coarse(column), our_order(&counts(&fixture["reference_counts"])), "{name}");
        assert_eq!(edges.decile_counts(column.cells()), counts(&fixture["quantile10_reference_counts"]), "{name}");
    }
}

#[test]
fn every_bin_of_every_number_holds_what_numpy_counts() {
    for name in NUMBERS {
        each("numeric", name, |what, entry, _, current| {
            assert_eq!(coarse(current), our_order(&counts(&entry["counts"])), "{what}");
            let edges = current.edges().unwrap().as_number().unwrap();
            assert_eq!(edges.decile_counts(current.cells()), counts(&entry["quantile10_counts"]), "{what}");
        });
    }
}

#[test]
fn every_distance_of_every_number_equals_the_independent_one() {
    for name in NUMBERS {
        each("numeric", name, |what, entry, reference, current| {
            for (measure, key) in OF_NUMBERS {
                close(measured(reference, current, measure), &entry[key], &format!("{key} of {what}"));
            }
        });
    }
}

#[test]
fn plain_decile_psi_equals_the_independent_one() {
    for name in NUMBERS {
        each("numeric", name, |what, entry, reference, current| {
            let edges = reference.edges().unwrap().as_number().unwrap();
            let found = psi(&edges.decile_counts(reference.cells()), &edges.decile_counts(current.cells())).unwrap();
            close(found, &entry["psi_quantile10"], &format!("psi/quantile10 of {what}"));
        });
    }
}

#[test]
fn every_distance_of_every_category_equals_the_independent_one() {
    for name in CATEGORIES {
        let fixture = &expected()["categorical"][name];
        assert_eq!(coarse(profiles().reference.column(name).unwrap()), counts(&fixture["reference_counts"]), "{name}");
        each("categorical", name, |what, entry, reference, current| {
            assert_eq!(coarse(current), counts(&entry["counts"]), "{what}");
            for (measure, key) in OF_CATEGORIES {
                close(measured(reference, current, measure), &entry[key], &format!("{key} of {what}"));
            }
        });
    }
}

#[test]
fn the_chi_square_test_of_every_category_equals_scipys() {
    for name in CATEGORIES {
        each("categorical", name, |what, entry, reference, current| {
            let test = chi_square(&coarse(reference), &coarse(current)).unwrap();
            close(test.statistic, &entry["chi_square"], what);
            close(test.p_value, &entry["chi_square_p"], what);
            assert_eq!(test.degrees_of_freedom as u64, entry["degrees_of_freedom"].as_u64().unwrap(), "{what}");
        });
    }
}

#[test]
fn the_report_shows_the_same_psi_for_every_month_and_feature() {
    let kinds = [("numeric", &NUMBERS[..]), ("categorical", &CATEGORIES[..])];
    for (kind, names) in kinds {
        for name in names {
            for month in months() {
                let drift = finding(window(&year().report, "control", month), "drift", name);
                let psi = &expected()[kind][*name]["months"][month]["psi"];
                close(drift["value"].as_f64().unwrap(), psi, &format!("{name} in {month}"));
            }
        }
    }
}

#[test]
fn the_command_compare_shows_the_same_distances() {
    let place = Place::new();
    flights::write_parquet(&place.path("february.parquet"), &flights::month(REFERENCE));
    flights::write_parquet(&place.path("july.parquet"), &flights::month("2013-07"));
    let names = [&NUMBERS[..], &CATEGORIES[..]].concat().join(",");
    let compared = place
        .quiver(&["compare", "february.parquet", "july.parquet", "--json", "--columns", &names])
        .ends_with(0)
        .json();
    let mut checked = 0;
    for column in compared["columns"].as_array().unwrap() {
        let name = column["name"].as_str().unwrap();
        let (kind, measures) =
            if CATEGORIES.contains(&name) { ("categorical", &OF_CATEGORIES[..]) } else { ("numeric", &OF_NUMBERS[..]) };
        let shown: Vec<&Value> =
            std::iter::once(&column["distance"]).chain(column["others"].as_array().unwrap()).collect();
        for (measure, key) in measures {
            let stem = format!("{}/", measure.convention_stem());
            let distance = shown.iter().find(|distance| distance["convention"].as_str().unwrap().starts_with(&stem));
            let value = distance.unwrap_or_else(|| panic!("no {stem} of {name}"))["value"].as_f64().unwrap();
            close(value, &expected()[kind][name]["months"]["2013-07"][key], &format!("{key} of {name}"));
            checked += 1;
        }
    }
    assert_eq!(checked, NUMBERS.len() * OF_NUMBERS.len() + CATEGORIES.len() * OF_CATEGORIES.len());
}

/// The fixture lists heavy values, ranges, under, over, null; a profile lists what is under first.
fn our_order(fixture: &[u64]) -> Vec<u64> {
    let (inside, outside) = fixture.split_at(fixture.len() - 3);
    [&outside[..1], inside, &outside[1..]].concat()
}
