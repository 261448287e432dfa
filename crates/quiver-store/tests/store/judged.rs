//! Judged periods in the catalogue: put in place of older ones, read since a revision, and gone with their derivation.

use quiver_store::catalogue::{Catalogue, DEFAULT_WORKSPACE as WORKSPACE, JudgedPeriod, JudgedPeriods, RolledUp};
use std::collections::{BTreeMap, BTreeSet};

const DAY: i64 = 86_400_000_000;

async fn open(folder: &std::path::Path) -> Catalogue {
    let catalogue = Catalogue::open(&folder.join("catalogue.sqlite")).await.unwrap();
    for model in ["m", "other"] {
        catalogue.put_model(WORKSPACE, model, 0).await.unwrap();
    }
    catalogue
}

fn period(arm: &str, day: i64, judged: &[u8]) -> JudgedPeriod {
    JudgedPeriod {
        arm: arm.to_owned(),
        starts_at_microseconds: day * DAY,
        ends_at_microseconds: (day + 1) * DAY,
        counted_id: day * 7,
        only_version: (day != 4).then(|| format!("v{day}")),
        judged: judged.to_vec(),
        outcome: (day % 2 == 0).then(|| vec![day as u8]),
        profile: (day % 3 > 0).then(|| vec![day as u8, 1]),
        slices: (day % 3 > 0).then(|| vec![day as u8, 2]),
    }
}

async fn put(catalogue: &Catalogue, model: &str, derivation: &str, periods: &[JudgedPeriod]) -> i64 {
    let judged = JudgedPeriods {
        model: model.to_owned(),
        length: "1d".to_owned(),
        derivation: derivation.to_owned(),
        profiles_offset: 10,
        outcomes_offset: 20,
        watermark_microseconds: 30,
        periods: periods.to_vec(),
    };
    catalogue.put_judged(WORKSPACE, &judged).await.unwrap()
}

async fn since(catalogue: &Catalogue, revision: i64) -> Vec<(String, i64, Vec<u8>)> {
    let mut found = Vec::new();
    for arm in ["live", "shadow"] {
        found.extend(catalogue.judged_since(WORKSPACE, ("m", "1d", arm), revision, (0, 9 * DAY)).await.unwrap());
    }
    let starts: BTreeSet<i64> = found.iter().map(|period| period.starts_at_microseconds).collect();
    let told = catalogue.judged_starts_since(WORKSPACE, ("m", "1d"), revision).await.unwrap();
    assert_eq!(told, starts.into_iter().collect::<Vec<_>>());
    found.into_iter().map(|period| (period.arm, period.starts_at_microseconds / DAY, period.judged)).collect()
}

#[tokio::test]
async fn a_period_takes_the_place_of_the_one_before_and_is_told_since_its_revision() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(folder.path()).await;
    assert_eq!(catalogue.judged_progress(WORKSPACE, "m", "1d").await.unwrap(), None);
    let first = put(&catalogue, "m", "a", &[period("live", 1, b"one"), period("live", 2, b"two")]).await;
    let second = put(&catalogue, "m", "a", &[period("live", 2, b"two, again"), period("shadow", 2, b"s")]).await;
    put(&catalogue, "other", "a", &[period("live", 1, b"another model")]).await;
    assert!(second > first);
    let live = |day: i64, judged: &[u8]| ("live".to_owned(), day, judged.to_vec());
    let shadow = ("shadow".to_owned(), 2, b"s".to_vec());
    assert_eq!(since(&catalogue, 0).await, [live(1, b"one"), live(2, b"two, again"), shadow.clone()]);
    assert_eq!(since(&catalogue, first).await, [live(2, b"two, again"), shadow]);
    assert_eq!(since(&catalogue, second).await, []);
    let first_day = catalogue.judged_since(WORKSPACE, ("m", "1d", "live"), 0, (DAY, 2 * DAY)).await.unwrap();
    assert_eq!(
        first_day.iter().map(|period| &*period.judged).collect::<Vec<_>>(),
        [b"one"],
        "the other day is left out"
    );
    let progress = catalogue.judged_progress(WORKSPACE, "m", "1d").await.unwrap().unwrap();
    assert_eq!((progress.revision, progress.whole_since), (second, first));
    assert_eq!((progress.profiles_offset, progress.outcomes_offset, progress.watermark_microseconds), (10, 20, 30));
    let key = ("m", "1d", "live");
    assert_eq!(catalogue.judged_counts(WORKSPACE, key).await.unwrap(), [(DAY, 7), (2 * DAY, 14)]);
    assert_eq!(catalogue.judged_outcomes(WORKSPACE, key, (0, 9 * DAY)).await.unwrap(), [(2 * DAY, vec![2])]);
    let between = catalogue.judged_between(WORKSPACE, key, (DAY, 2 * DAY)).await.unwrap();
    assert_eq!(between, [JudgedPeriod { profile: None, slices: None, ..period("live", 1, b"one") }]);
}

#[tokio::test]
async fn what_periods_hold_is_given_for_those_that_lie_in_the_range_and_hold_it() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(folder.path()).await;
    let key = |version| ("m", "1d", "live", version);
    assert_eq!(catalogue.judged_extents(WORKSPACE, ("m", "1d")).await.unwrap(), BTreeMap::new());
    let periods: Vec<JudgedPeriod> = (1..6).map(|day| period("live", day, b"")).collect();
    put(&catalogue, "m", "a", &periods).await;
    put(&catalogue, "m", "a", &[period("shadow", 2, b"")]).await;
    let range = (2 * DAY, 5 * DAY + 1);
    let of = async |what| catalogue.rolled_up(WORKSPACE, what, key(None), range).await.unwrap();
    // The third holds none, and the fifth ends after the range.
    let held = |what: [Option<Vec<u8>>; 2]| {
        let [second, fourth] = what;
        [(2 * DAY, 3 * DAY, second), (4 * DAY, 5 * DAY, fourth)]
    };
    assert_eq!(of(RolledUp::Profile).await, held([Some(vec![2, 1]), Some(vec![4, 1])]));
    assert_eq!(of(RolledUp::Outcome).await, held([Some(vec![2]), Some(vec![4])]));
    assert_eq!(of(RolledUp::Slices).await, held([Some(vec![2, 2]), Some(vec![4, 2])]));
    // In the fourth several versions answered, so that it tells nothing of one of them.
    for (version, outcome) in [("v2", Some(vec![2])), ("v4", None)] {
        let of_version = catalogue.rolled_up(WORKSPACE, RolledUp::Outcome, key(Some(version)), range).await.unwrap();
        assert_eq!(of_version, [(2 * DAY, 3 * DAY, outcome)], "{version}");
    }
    let extents = BTreeMap::from([("live".to_owned(), (DAY, 6 * DAY)), ("shadow".to_owned(), (2 * DAY, 3 * DAY))]);
    assert_eq!(catalogue.judged_extents(WORKSPACE, ("m", "1d")).await.unwrap(), extents);
}

#[tokio::test]
async fn another_derivation_leaves_nothing_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(folder.path()).await;
    put(&catalogue, "m", "a", &[period("live", 1, b"one"), period("live", 2, b"two")]).await;
    put(&catalogue, "other", "a", &[period("live", 1, b"another model")]).await;
    let revision = put(&catalogue, "m", "b", &[period("live", 2, b"new")]).await;
    assert_eq!(since(&catalogue, 0).await, [("live".to_owned(), 2, b"new".to_vec())]);
    let progress = catalogue.judged_progress(WORKSPACE, "m", "1d").await.unwrap().unwrap();
    assert_eq!((progress.derivation.as_str(), progress.whole_since), ("b", revision));
    assert_eq!(catalogue.judged_since(WORKSPACE, ("other", "1d", "live"), 0, (DAY, 2 * DAY)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_retention_deletes_is_told_to_whoever_remembers_it() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = open(folder.path()).await;
    let revision = put(&catalogue, "m", "a", &[period("live", 1, b"one"), period("live", 5, b"five")]).await;
    put(&catalogue, "other", "a", &[period("live", 5, b"another model")]).await;
    assert_eq!(catalogue.delete_judged_before(WORKSPACE, 3 * DAY).await.unwrap(), 1);
    assert_eq!(since(&catalogue, 0).await, [("live".to_owned(), 5, b"five".to_vec())]);
    let progress = catalogue.judged_progress(WORKSPACE, "m", "1d").await.unwrap().unwrap();
    assert!(progress.revision > revision && progress.whole_since > revision);
    let other = catalogue.judged_progress(WORKSPACE, "other", "1d").await.unwrap().unwrap();
    assert_eq!(other.whole_since, 1, "nothing of it was deleted");
    assert_eq!(catalogue.delete_judged_before(WORKSPACE, 3 * DAY).await.unwrap(), 0);
}
