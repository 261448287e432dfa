//! Simulates no drift and checks that noise floors and biases say what then happens.

use super::random::{Random, skewed_shares, uniform_shares};
use crate::distance::cumulative::{smirnov, wasserstein};
use crate::distance::histogram::measure_bins;
use crate::distance::{Bins, Distance, Measure, float_len};

const CONFIDENCE: f64 = 0.95;
const RUNS: usize = 400;

/// How one value is drawn.
type Draw = fn(&mut Random) -> f64;

/// Measures `RUNS` pairs without drift and returns the share above the floor and mean value over mean bias.
fn simulate(seed: u64, mut draw: impl FnMut(&mut Random) -> Distance) -> (f64, f64) {
    let mut random = Random::new(seed);
    let measured: Vec<Distance> = (0..RUNS).map(|_| draw(&mut random)).collect();
    let above = measured.iter().filter(|distance| distance.value > distance.noise_floor.expect("a floor")).count();
    let values: f64 = measured.iter().map(|distance| distance.value).sum();
    let biases: f64 = measured.iter().map(|distance| distance.bias.expect("a bias")).sum();
    (float_len(above) / float_len(RUNS), values / biases)
}

/// One standard error of 400 runs around 5 % is 1.1 %; a floor may be too high, never much too low.
#[track_caller]
fn check(name: &str, (above, ratio): (f64, f64), least_above: f64, bias_tolerance: f64) {
    assert!((least_above..=0.085).contains(&above), "{name}: {above} of the runs are above the floor");
    assert!((ratio - 1.0).abs() <= bias_tolerance, "{name}: the mean is {ratio} times the bias");
}

fn check_bins(measure: Measure, shares: &[f64], rows: (u64, u64), least_above: f64, bias_tolerance: f64) {
    let result = simulate(7, |random| {
        let (reference, current) = (random.counts(shares, rows.0), random.counts(shares, rows.1));
        measure_bins(measure, Bins::unnamed(), &reference, &current, CONFIDENCE).expect("a distance")
    });
    check(&format!("{measure} of {} bins at {rows:?}", shares.len()), result, least_above, bias_tolerance);
}

#[test]
fn well_filled_bins_keep_to_the_floor() {
    for measure in &Measure::ALL[..5] {
        check_bins(*measure, &uniform_shares(10), (2000, 1000), 0.02, 0.06);
        check_bins(*measure, &skewed_shares(8), (1500, 2000), 0.02, 0.06);
    }
    // Bonferroni's bound ignores that shares sum to 1.
    check_bins(Measure::LInfinity, &uniform_shares(10), (2000, 1000), 0.015, 0.06);
    check_bins(Measure::ChiSquare, &uniform_shares(10), (2000, 1000), 0.02, 0.06);
}

#[test]
fn two_bins_keep_to_the_floor() {
    for measure in [Measure::Psi, Measure::KullbackLeibler, Measure::JensenShannon, Measure::Hellinger] {
        check_bins(measure, &[0.8, 0.2], (1500, 800), 0.02, 0.08);
    }
    check_bins(Measure::TotalVariation, &[0.8, 0.2], (1500, 800), 0.02, 0.08);
    check_bins(Measure::LInfinity, &[0.8, 0.2], (1500, 800), 0.02, 0.08);
}

#[test]
fn rare_categories_keep_to_the_floor() {
    for measure in &Measure::ALL[..5] {
        check_bins(*measure, &uniform_shares(500), (1500, 400), 0.005, 0.06);
        check_bins(*measure, &skewed_shares(200), (1500, 600), 0.01, 0.06);
    }
    check_bins(Measure::LInfinity, &uniform_shares(500), (1500, 400), 0.0, 0.15);
}

#[test]
fn dense_floors_are_yurdakul_and_naranjos() {
    let (reference, current) = (vec![100_000; 10], vec![20_000; 10]);
    let psi = measure_bins(Measure::Psi, Bins::quantiles(10), &reference, &current, 0.95).expect("a distance");
    let unit = 1.0 / 1e6 + 1.0 / 2e5;
    // 16.9190 is the 95 % point of chi-squared with nine degrees of freedom.
    let (floor, bias) = (psi.noise_floor.expect("a floor"), psi.bias.expect("a bias"));
    assert!((floor / (unit * 16.9190) - 1.0).abs() < 2e-3, "{floor}");
    assert!((bias / (unit * 9.0) - 1.0).abs() < 2e-3, "{bias}");
}

#[test]
fn many_categories_alone_are_no_drift() {
    let mut random = Random::new(11);
    for bins in [10, 100, 1000, 5000] {
        let shares = uniform_shares(bins);
        let (reference, current) = (random.counts(&shares, 10_000), random.counts(&shares, 2000));
        for measure in &Measure::ALL[..6] {
            let distance = measure_bins(*measure, Bins::categories(), &reference, &current, 0.99).expect("a distance");
            let (floor, bias) = (distance.noise_floor.expect("a floor"), distance.bias.expect("a bias"));
            assert!(distance.value < floor, "{measure} of {bins}: {} is above {floor}", distance.value);
            assert!((distance.value - bias).abs() < (floor - bias) * 1.5, "{measure} of {bins}: {distance:?}");
            assert!(distance.p_value.is_none_or(|p| p > 0.01), "{measure} of {bins}: {distance:?}");
        }
    }
}

#[test]
fn drift_among_many_categories_is_above_the_floor() {
    let mut random = Random::new(12);
    let bins = 1000;
    let mut moved = uniform_shares(bins);
    moved.iter_mut().take(500).for_each(|share| *share *= 1.4);
    moved.iter_mut().skip(500).for_each(|share| *share *= 0.6);
    let (reference, current) = (random.counts(&uniform_shares(bins), 10_000), random.counts(&moved, 2000));
    for measure in &Measure::ALL[..5] {
        let distance = measure_bins(*measure, Bins::categories(), &reference, &current, 0.99).expect("a distance");
        assert!(distance.value > distance.noise_floor.expect("a floor"), "{measure}: {distance:?}");
    }
}

#[test]
fn distribution_functions_keep_to_the_floor() {
    let draws: [(&str, Draw); 3] = [
        ("normal", Random::normal),
        ("exponential", |random| -random.uniform().ln()),
        ("lognormal", |random| random.normal().exp()),
    ];
    for (name, draw) in draws {
        let gap = simulate(3, |random| {
            let (reference, current) = (random.points(300, draw), random.points(200, draw));
            smirnov::measure(&reference, &current, CONFIDENCE).expect("a distance")
        });
        check(&format!("ks of {name}"), gap, 0.015, 0.1);
        let moved = simulate(4, |random| {
            let (reference, current) = (random.points(300, draw), random.points(200, draw));
            wasserstein::measure(&reference, &current, CONFIDENCE).expect("a distance")
        });
        check(&format!("wasserstein of {name}"), moved, 0.015, 0.06);
    }
}

#[test]
fn exact_and_asymptotic_gaps_agree_for_larger_samples() {
    for gap in [0.05, 0.07, 0.09] {
        let (exact, limit) = (smirnov::exact_p_value(gap, 1000, 900), smirnov::p_value(gap, 1000, 900));
        assert!((exact / limit - 1.0).abs() < 0.1, "{gap}: {exact} {limit}");
    }
}
