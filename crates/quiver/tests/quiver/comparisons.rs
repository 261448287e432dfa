//! `quiver profile` and `quiver compare`: parts add up to the whole, and a profile file stands for its data.

use crate::flights;
use crate::place::Place;
use arrow::array::RecordBatch;
use quiver_profile::{Plan, Profile};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// February, and a July of every third flight, with all columns.
fn february_and_july() -> (Place, RecordBatch) {
    let place = Place::new();
    let july = flights::thinned(&flights::month("2013-07"), 3);
    flights::write_parquet(&place.path("february.parquet"), &flights::month("2013-02"));
    flights::write_parquet(&place.path("july.parquet"), &july);
    (place, july)
}

/// The compared columns by name: a profile file does not keep the order of the data's columns.
fn columns(compared: &Value) -> BTreeMap<String, Value> {
    let columns = compared["columns"].as_array().unwrap().iter();
    columns.map(|column| (column["name"].as_str().unwrap().to_owned(), column.clone())).collect()
}

#[test]
fn the_profile_of_two_files_is_the_profile_of_one_that_holds_both() {
    let place = Place::new();
    let rows = flights::thinned(&flights::month("2013-02"), 2);
    let cut = rows.num_rows() / 3;
    flights::write_parquet(&place.path("whole.parquet"), &rows);
    flights::write_parquet(&place.path("first.parquet"), &rows.slice(0, cut));
    flights::write_parquet(&place.path("last.parquet"), &rows.slice(cut, rows.num_rows() - cut));
    let whole = place.quiver(&["profile", "whole.parquet", "--json"]).ends_with(0).out;
    assert!(whole.contains("\"name\": \"temp\""));
    for parts in [["first.parquet", "last.parquet"], ["last.parquet", "first.parquet"]] {
        for threads in ["1", "3"] {
            let [one, other] = parts;
            let found = place.quiver(&["profile", one, other, "--json", "--threads", threads]).ends_with(0).out;
            assert_eq!(found, whole, "{parts:?} on {threads} threads");
        }
    }
    let last = place.quiver(&["profile", "last.parquet", "--json"]).ends_with(0).out;
    assert_ne!(last, whole);
}

#[test]
fn csv_and_parquet_of_the_same_rows_have_the_same_numbers() {
    let place = Place::new();
    let rows = flights::thinned(&flights::month("2013-02"), 10);
    flights::write_parquet(&place.path("flights.parquet"), &rows);
    flights::write_csv(&place.path("flights.csv"), &rows);
    let names = "hour,temp,precip,carrier,dest";
    let [parquet, csv] = ["flights.parquet", "flights.csv"]
        .map(|file| place.quiver(&["profile", file, "--json", "--columns", names]).ends_with(0).json());
    assert_eq!(parquet, csv);
    assert_eq!(parquet["rows"], rows.num_rows());
}

#[test]
fn a_reference_profile_compares_as_its_data_does() {
    let (place, july) = february_and_july();
    place.quiver(&["profile", "february.parquet", "--freeze", "--output", "february.profile"]).ends_with(0);
    let compare = |reference: &str, current: &str| {
        columns(&place.quiver(&["compare", reference, current, "--json"]).ends_with(0).json())
    };
    let of_data = compare("february.parquet", "july.parquet");
    assert_eq!(of_data.len(), 22);
    assert_eq!(compare("february.profile", "july.parquet"), of_data);

    // What counted July on the frozen edges elsewhere gives the same as counting it here.
    let reference = Profile::from_bytes(&std::fs::read(place.path("february.profile")).unwrap()).unwrap();
    let edges = reference.columns().filter_map(|(name, column)| Some((name.to_owned(), Arc::clone(column.edges()?))));
    let plan = Plan::infer(&july.schema()).plan.with_edges(&edges.collect());
    let mut counted = Profile::new(&plan);
    counted.update(&july).unwrap();
    place.write("july.profile", counted.to_bytes());
    assert_eq!(compare("february.profile", "july.profile"), of_data);
}

#[test]
fn chosen_columns_of_a_profile_file_are_the_only_ones_compared() {
    let (place, _) = february_and_july();
    place.quiver(&["profile", "february.parquet", "--freeze", "--output", "february.profile"]).ends_with(0);
    for reference in ["february.profile", "february.parquet"] {
        let compared = place
            .quiver(&["compare", reference, "july.parquet", "--columns", "temp,carrier", "--json"])
            .ends_with(0)
            .json();
        assert_eq!(columns(&compared).keys().collect::<Vec<_>>(), ["carrier", "temp"], "{reference}");
        assert_eq!(compared["missing"], Value::Array(Vec::new()), "{reference}");
        place
            .quiver(&["compare", reference, "july.parquet", "--columns", "tmp"])
            .ends_with(2)
            .says(&["no column `tmp`; did you mean `temp`?"]);
    }
}

#[test]
fn a_profile_that_is_no_reference_is_refused_with_the_way_to_make_one() {
    let (place, _) = february_and_july();
    place.quiver(&["profile", "february.parquet", "--output", "plain.profile"]).ends_with(0);
    place.quiver(&["compare", "plain.profile", "july.parquet"]).ends_with(2).says(&["--freeze --output"]);
    place.quiver(&["profile", "february.parquet", "--freeze", "--output", "february.profile"]).ends_with(0);
    place
        .quiver(&["compare", "february.profile", "plain.profile"])
        .ends_with(2)
        .says(&["not counted on the reference's bins"]);
    let whole = std::fs::read(place.path("february.profile")).unwrap();
    place.write("cut.profile", &whole[..whole.len() / 2]);
    place.quiver(&["compare", "cut.profile", "july.parquet"]).ends_with(2).says(&["cut.profile is damaged"]);
}

#[test]
fn drift_fails_only_when_asked_to() {
    let (place, _) = february_and_july();
    let compare = |current: &str, more: &[&str]| {
        place.quiver(&[&["compare", "february.parquet", current][..], more].concat()).code
    };
    assert_eq!(compare("july.parquet", &[]), 0);
    assert_eq!(compare("july.parquet", &["--fail-on-drift"]), 1);
    assert_eq!(compare("february.parquet", &["--fail-on-drift"]), 0);
}

#[test]
fn every_peers_convention_names_itself_and_gives_its_own_figures() {
    let place = Place::new();
    flights::write_parquet(&place.path("february.parquet"), &flights::month("2013-02"));
    flights::write_parquet(&place.path("july.parquet"), &flights::month("2013-07"));
    let fixture: Value = serde_json::from_str(include_str!("../independent/flights_distances.json")).unwrap();
    let carrier = &fixture["categorical"]["carrier"]["months"]["2013-07"];
    let figures = |convention: &str| {
        let arguments = ["compare", "february.parquet", "july.parquet", "--columns", "temp,carrier", "--json"];
        place.quiver(&[&arguments[..], &["--convention", convention]].concat()).ends_with(0).json()
    };
    let value = |figures: &Value, name: &str| {
        let of_carrier = |figure: &&Value| figure["column"] == "carrier" && figure["distance"]["convention"] == name;
        let figure = figures.as_array().unwrap().iter().find(of_carrier).unwrap_or_else(|| panic!("no {name}"));
        figure["distance"]["value"].as_f64().unwrap()
    };
    for convention in ["evidently-0.7", "nannyml-0.13", "tfdv-1.16"] {
        let figures = figures(convention);
        let figures = figures.as_array().unwrap();
        for column in ["temp", "carrier"] {
            assert!(figures.iter().any(|figure| figure["column"] == column && !figure["distance"].is_null()));
        }
        for figure in figures.iter().filter(|figure| !figure["distance"].is_null()) {
            let name = figure["distance"]["convention"].as_str().unwrap();
            assert!(name.starts_with(&format!("{convention}/")), "{name}");
        }
    }
    // Where the peers' rules say the same as scipy, so do their figures.
    let close = |found: f64, key: &str| {
        let expected = carrier[key].as_f64().unwrap();
        assert!((found - expected).abs() <= 1e-9 * expected.max(1.0), "{key}: {found} and not {expected}");
    };
    close(value(&figures("nannyml-0.13"), "nannyml-0.13/l_infinity"), "l_infinity");
    close(value(&figures("nannyml-0.13"), "nannyml-0.13/chi2"), "chi_square");
    close(value(&figures("tfdv-1.16"), "tfdv-1.16/infinity_norm"), "l_infinity");
    close(value(&figures("evidently-0.7"), "evidently-0.7/chisquare"), "chi_square_p");
}

#[test]
fn a_peers_convention_explains_what_it_cannot_compare() {
    let place = Place::new();
    let rows = flights::month("2013-02").slice(0, 2000);
    flights::write_parquet(&place.path("before.parquet"), &rows);
    let without = rows.project(&(0..6).collect::<Vec<_>>()).unwrap();
    flights::write_parquet(&place.path("after.parquet"), &without);
    let compare = |more: &[&str]| {
        let arguments = ["compare", "before.parquet", "after.parquet", "--convention", "evidently-0.7"];
        place.quiver(&[&arguments[..], more].concat())
    };
    compare(&["--columns", "hour,temp"])
        .ends_with(0)
        .says(&["evidently-0.7/wasserstein", "the current data has no such column"]);
    compare(&["--columns", "tmp"]).ends_with(2).says(&["no column `tmp`; did you mean `temp`?"]);
    compare(&["--html", "x.html"]).ends_with(2).says(&["--html shows Quiver's own convention"]);
    place
        .quiver(&["compare", "before.parquet", "after.parquet", "--convention", "evidentli"])
        .ends_with(2)
        .says(&["evidently-0.7"]);
}
