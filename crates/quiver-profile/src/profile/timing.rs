//! Temporary timing.
use super::*;
use crate::plan::ColumnPlan;
use arrow::array::*;
use arrow::datatypes::Int32Type;
use std::time::Instant;

fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
fn normal(s: &mut u64) -> f64 {
    let u = (next(s) >> 11) as f64 / (1u64 << 53) as f64 + 1e-18;
    let v = (next(s) >> 11) as f64 / (1u64 << 53) as f64;
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

fn cpu() -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat").unwrap().split(' ').next().unwrap().parse().unwrap()
}
fn time(name: &str, arrays: Vec<ArrayRef>, plan: impl Fn(ColumnPlan) -> ColumnPlan, freeze: bool) {
    let kind = ColumnKind::of_type(arrays[0].data_type()).unwrap();
    let mut p = plan(ColumnPlan::public("x", kind));
    let batches: Vec<RecordBatch> =
        arrays.into_iter().map(|a| RecordBatch::try_from_iter_with_nullable(vec![("x", a, true)]).unwrap()).collect();
    if freeze {
        let mut r = Profile::new(&Plan { columns: vec![p.clone()], ..Plan::default() });
        r.update(&batches[0]).unwrap();
        p.edges = r.freeze(&FreezeOptions::default()).remove("x");
    }
    let mut best = f64::MAX;
    let rows: usize = batches.iter().map(|b| b.num_rows()).sum();
    for _ in 0..6 {
        let mut profile = Profile::new(&Plan { columns: vec![p.clone()], ..Plan::default() });
        let start = cpu();
        for b in &batches {
            profile.update(b).unwrap();
        }
        best = best.min((cpu() - start) / rows as f64);
    }
    println!("{name:40} {best:7.1} ns");
}

#[test]
#[ignore]
fn timing() {
    let s = &mut 1u64;
    let n = 8192;
    let b = 122;
    let floats: Vec<Vec<f64>> = (0..b).map(|_| (0..n).map(|_| normal(s)).collect()).collect();
    let all: Vec<f64> = floats.concat();
    let t = |name: &str, f: &mut dyn FnMut(&[f64])| {
        let mut best = f64::MAX;
        for _ in 0..3 {
            let start = Instant::now();
            for c in all.chunks(n) {
                f(c);
            }
            best = best.min(start.elapsed().as_nanos() as f64 / all.len() as f64);
        }
        println!("  stage {name:32} {best:7.1} ns");
    };
    let mut sum = crate::sketch::exact_sum::ExactSum::default();
    t("exact sum", &mut |c| sum.add_all(c));
    let mut m = crate::sketch::moments::Moments::default();
    t("moments", &mut |c| m.add_all(c));
    let mut l = crate::sketch::log_linear::LogLinear::default();
    t("log linear", &mut |c| l.add_all(c));
    let mut d = crate::sketch::distinct::Distinct::default();
    t("distinct", &mut |c| d.add_all(c.iter().map(|&v| crate::hash::ValueHash::of_number(v).coupon())));
    let mut x = 0u64;
    t("hash", &mut |c| {
        for &v in c {
            x ^= crate::hash::ValueHash::of_number(v).low;
        }
    });
    let arr =
        |v: &Vec<Vec<f64>>| v.iter().map(|c| Arc::new(Float64Array::from(c.clone())) as ArrayRef).collect::<Vec<_>>();
    time("normal f64", arr(&floats), |p| p, false);
    time(
        "normal f64 private",
        arr(&floats),
        |p| ColumnPlan { disclosure: crate::column::Disclosure::Private, ..p },
        false,
    );
    time("normal f64 + edges", arr(&floats), |p| p, true);
    let nulls: Vec<ArrayRef> = floats
        .iter()
        .map(|c| Arc::new(c.iter().map(|&v| (v > -1.5).then_some(v)).collect::<Float64Array>()) as ArrayRef)
        .collect();
    time("normal f64 with nulls", nulls, |p| p, false);
    let shifted: Vec<Vec<f64>> = floats.iter().map(|c| c.iter().map(|v| v + 1000.0).collect()).collect();
    time("normal + 1000", arr(&shifted), |p| p, false);
    let ints: Vec<Vec<f64>> = floats.iter().map(|c| c.iter().map(|v| (v * 30.0).round()).collect()).collect();
    time("~200 distinct numbers", arr(&ints), |p| p, false);
    time("~200 distinct numbers + edges", arr(&ints), |p| p, true);
    let ints: Vec<Vec<f64>> = floats.iter().map(|c| c.iter().map(|v| (v * 500.0).round()).collect()).collect();
    time("~3500 distinct numbers", arr(&ints), |p| p, false);
    let strs = |f: &dyn Fn(u64) -> String, s: &mut u64| -> Vec<ArrayRef> {
        (0..b).map(|_| Arc::new((0..n).map(|_| Some(f(next(s)))).collect::<StringArray>()) as ArrayRef).collect()
    };
    let dict = |f: &dyn Fn(u64) -> String, s: &mut u64| -> Vec<ArrayRef> {
        (0..b)
            .map(|_| {
                Arc::new(
                    (0..n)
                        .map(|_| f(next(s)))
                        .collect::<Vec<_>>()
                        .iter()
                        .map(|x| Some(x.as_str()))
                        .collect::<DictionaryArray<Int32Type>>(),
                ) as ArrayRef
            })
            .collect()
    };
    for (name, card) in [("10", 10u64), ("1000", 1000), ("3500", 3500), ("50k", 50_000), ("unique", u64::MAX)] {
        let f = move |x: u64| format!("value-{:08}", x % card);
        time(&format!("strings card {name}"), strs(&f, s), |p| p, false);
        if card <= 1000 {
            time(&format!("dictionary card {name}"), dict(&f, s), |p| p, false);
            time(&format!("strings card {name} + edges"), strs(&f, s), |p| p, true);
        }
    }
    let zipf = |x: u64| {
        let u = (x >> 11) as f64 / (1u64 << 53) as f64;
        format!("z{}", (u.powf(-1.0 / 1.1)) as u64)
    };
    time("strings zipf", strs(&zipf, s), |p| p, false);
    time(
        "text unique",
        strs(&|x| format!("text {x} and some more words here"), s),
        |p| ColumnPlan { kind: ColumnKind::Text, ..p },
        false,
    );
}
