//! The kept form of a judged period: a packed message in which every text that repeats stands once.

use super::{ColumnFigures, FigureCosts, FigureQuantiles, Judged, JudgedError, MeanCost, ValueRows};
use prost::Message;
use quiver_event::time::{Timestamp, Window};
use quiver_judge::diagnosis::{BinResponse, FeatureShift};
use quiver_judge::finding::{Finding, Limit, Monitor, Slice, Verdict};
use std::collections::HashMap;

/// What is no finite number stands for nothing, as it does in JSON, where pages read it.
fn finite(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite())
}

/// Texts are spoken of by their place in `texts`.
#[derive(Clone, PartialEq, Message)]
struct KeptJudged {
    #[prost(uint64, tag = "1")]
    rows: u64,
    #[prost(uint64, tag = "2")]
    labelled: u64,
    #[prost(string, repeated, tag = "3")]
    texts: Vec<String>,
    #[prost(message, repeated, tag = "4")]
    versions: Vec<Count>,
    #[prost(message, repeated, tag = "5")]
    findings: Vec<KeptFinding>,
    #[prost(message, repeated, tag = "6")]
    columns: Vec<KeptColumn>,
    #[prost(message, repeated, tag = "7")]
    shifts: Vec<KeptShift>,
}

/// Rows that have a text.
#[derive(Clone, Copy, PartialEq, Message)]
struct Count {
    #[prost(uint32, tag = "1")]
    text: u32,
    #[prost(uint64, tag = "2")]
    rows: u64,
}

#[derive(Clone, PartialEq, Message)]
struct KeptFinding {
    #[prost(uint32, tag = "1")]
    arm: u32,
    #[prost(sint64, tag = "2")]
    starts_at_microseconds: i64,
    #[prost(sint64, tag = "3")]
    ends_at_microseconds: i64,
    #[prost(uint32, tag = "4")]
    monitor: u32,
    #[prost(uint32, tag = "5")]
    subject: u32,
    #[prost(message, optional, tag = "6")]
    slice: Option<KeptSlice>,
    #[prost(double, optional, tag = "7")]
    value: Option<f64>,
    /// Nothing, or both ends.
    #[prost(double, repeated, tag = "8")]
    interval: Vec<f64>,
    #[prost(double, optional, tag = "9")]
    noise_floor: Option<f64>,
    #[prost(double, optional, tag = "10")]
    at_least: Option<f64>,
    #[prost(double, optional, tag = "11")]
    at_most: Option<f64>,
    #[prost(double, optional, tag = "12")]
    reference_value: Option<f64>,
    #[prost(uint64, tag = "13")]
    rows: u64,
    #[prost(uint64, tag = "14")]
    reference_rows: u64,
    #[prost(uint32, tag = "15")]
    convention: u32,
    #[prost(uint32, tag = "16")]
    verdict: u32,
    #[prost(string, tag = "17")]
    evidence: String,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct KeptSlice {
    #[prost(uint32, tag = "1")]
    name: u32,
    #[prost(uint32, tag = "2")]
    value: u32,
}

#[derive(Clone, PartialEq, Message)]
struct KeptColumn {
    #[prost(uint32, tag = "1")]
    name: u32,
    #[prost(uint64, tag = "2")]
    rows: u64,
    #[prost(uint64, tag = "3")]
    missing: u64,
    #[prost(uint64, tag = "4")]
    defaulted: u64,
    #[prost(uint64, tag = "5")]
    stale: u64,
    #[prost(uint64, tag = "6")]
    fresh: u64,
    #[prost(message, repeated, tag = "7")]
    invalid: Vec<Count>,
    #[prost(uint64, repeated, tag = "8")]
    bins: Vec<u64>,
    #[prost(double, optional, tag = "9")]
    mean: Option<f64>,
    #[prost(double, optional, tag = "10")]
    standard_deviation: Option<f64>,
    /// Nothing, or all five.
    #[prost(double, repeated, tag = "11")]
    quantiles: Vec<f64>,
    #[prost(double, optional, tag = "12")]
    distinct: Option<f64>,
    #[prost(message, repeated, tag = "13")]
    values: Vec<Count>,
    #[prost(message, optional, tag = "14")]
    costs: Option<KeptCosts>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct KeptCosts {
    #[prost(message, optional, tag = "1")]
    ms: Option<KeptMean>,
    #[prost(message, optional, tag = "2")]
    calls: Option<KeptMean>,
    #[prost(message, optional, tag = "3")]
    bytes: Option<KeptMean>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct KeptMean {
    #[prost(double, tag = "1")]
    mean: f64,
    #[prost(uint64, tag = "2")]
    rows: u64,
}

#[derive(Clone, PartialEq, Message)]
struct KeptShift {
    #[prost(uint32, tag = "1")]
    feature: u32,
    #[prost(message, repeated, tag = "2")]
    bins: Vec<KeptBin>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct KeptBin {
    #[prost(uint64, tag = "1")]
    reference_rows: u64,
    #[prost(double, tag = "2")]
    reference_output: f64,
    #[prost(uint64, tag = "3")]
    current_rows: u64,
    #[prost(double, tag = "4")]
    current_output: f64,
}

/// Texts on their way out, each once.
#[derive(Default)]
struct Texts<'a> {
    texts: Vec<&'a str>,
    places: HashMap<&'a str, u32>,
}

impl<'a> Texts<'a> {
    fn put(&mut self, text: &'a str) -> u32 {
        *self.places.entry(text).or_insert_with(|| {
            self.texts.push(text);
            // A period has as many texts as its findings and columns name: far fewer than this.
            u32::try_from(self.texts.len() - 1).unwrap_or(u32::MAX)
        })
    }

    fn count(&mut self, (text, rows): (&'a str, u64)) -> Count {
        Count { text: self.put(text), rows }
    }

    fn finding(&mut self, finding: &'a Finding) -> KeptFinding {
        let (at_least, at_most) = match finding.limit {
            Some(Limit::AtLeast(low)) => (Some(low), None),
            Some(Limit::AtMost(high)) => (None, Some(high)),
            Some(Limit::Within(low, high)) => (Some(low), Some(high)),
            None => (None, None),
        };
        let slice = finding.slice.as_ref();
        let interval = finding.interval.filter(|ends| ends.iter().all(|end| end.is_finite()));
        KeptFinding {
            arm: self.put(&finding.arm),
            starts_at_microseconds: finding.window.start.0,
            ends_at_microseconds: finding.window.end.0,
            monitor: self.put(finding.monitor.name()),
            subject: self.put(&finding.subject),
            slice: slice.map(|slice| KeptSlice { name: self.put(&slice.name), value: self.put(&slice.value) }),
            value: finite(finding.value),
            interval: interval.map(|ends| ends.to_vec()).unwrap_or_default(),
            noise_floor: finite(finding.noise_floor),
            at_least,
            at_most,
            reference_value: finite(finding.reference_value),
            rows: finding.rows,
            reference_rows: finding.reference_rows,
            convention: self.put(&finding.convention),
            verdict: self.put(finding.verdict.name()),
            evidence: finding.evidence.clone(),
        }
    }

    fn column(&mut self, name: &'a str, figures: &'a ColumnFigures) -> KeptColumn {
        let mean = |mean: Option<MeanCost>| mean.map(|MeanCost { mean, rows }| KeptMean { mean, rows });
        let quantiles = figures.quantiles.map(|of| vec![of.p05, of.p25, of.p50, of.p75, of.p95]);
        KeptColumn {
            name: self.put(name),
            rows: figures.rows,
            missing: figures.missing,
            defaulted: figures.defaulted,
            stale: figures.stale,
            fresh: figures.fresh,
            invalid: figures.invalid.iter().map(|(reason, rows)| self.count((reason, *rows))).collect(),
            bins: figures.bins.clone(),
            mean: finite(figures.mean),
            standard_deviation: finite(figures.standard_deviation),
            quantiles: quantiles.unwrap_or_default(),
            distinct: finite(figures.distinct),
            values: figures.values.iter().map(|of| self.count((&of.value, of.rows))).collect(),
            costs: figures.costs.as_deref().map(|costs| KeptCosts {
                ms: mean(costs.ms),
                calls: mean(costs.calls),
                bytes: mean(costs.bytes),
            }),
        }
    }

    fn shift(&mut self, shift: &'a FeatureShift) -> KeptShift {
        let bin = |bin: &BinResponse| {
            let BinResponse { reference_rows, reference_output, current_rows, current_output } = *bin;
            KeptBin { reference_rows, reference_output, current_rows, current_output }
        };
        KeptShift { feature: self.put(&shift.feature), bins: shift.bins.iter().map(bin).collect() }
    }
}

/// Texts on their way in.
struct Told(Vec<String>);

impl Told {
    fn text(&self, place: u32) -> Result<&str, JudgedError> {
        self.0.get(place as usize).map(String::as_str).ok_or(JudgedError::Damaged("a text"))
    }

    fn owned(&self, place: u32) -> Result<String, JudgedError> {
        self.text(place).map(str::to_owned)
    }

    fn finding(&self, kept: KeptFinding) -> Result<Finding, JudgedError> {
        let monitor = Monitor::of_name(self.text(kept.monitor)?).ok_or(JudgedError::Damaged("a monitor"))?;
        let slice = |slice: KeptSlice| {
            Ok::<_, JudgedError>(Slice { name: self.owned(slice.name)?, value: self.owned(slice.value)? })
        };
        Ok(Finding {
            arm: self.owned(kept.arm)?,
            window: Window { start: Timestamp(kept.starts_at_microseconds), end: Timestamp(kept.ends_at_microseconds) },
            arrow: monitor.arrow(),
            monitor,
            subject: self.owned(kept.subject)?,
            slice: kept.slice.map(slice).transpose()?,
            value: kept.value,
            interval: match kept.interval[..] {
                [] => None,
                [low, high] => Some([low, high]),
                _ => return Err(JudgedError::Damaged("an interval")),
            },
            noise_floor: kept.noise_floor,
            limit: match (kept.at_least, kept.at_most) {
                (Some(low), Some(high)) => Some(Limit::Within(low, high)),
                (Some(low), None) => Some(Limit::AtLeast(low)),
                (None, Some(high)) => Some(Limit::AtMost(high)),
                (None, None) => None,
            },
            reference_value: kept.reference_value,
            rows: kept.rows,
            reference_rows: kept.reference_rows,
            convention: self.owned(kept.convention)?,
            verdict: Verdict::of_name(self.text(kept.verdict)?).ok_or(JudgedError::Damaged("a verdict"))?,
            evidence: kept.evidence,
        })
    }

    fn column(&self, kept: KeptColumn) -> Result<(String, ColumnFigures), JudgedError> {
        let mean = |mean: Option<KeptMean>| mean.map(|KeptMean { mean, rows }| MeanCost { mean, rows });
        let costs = kept.costs.map(|costs| {
            Box::new(FigureCosts { ms: mean(costs.ms), calls: mean(costs.calls), bytes: mean(costs.bytes) })
        });
        let invalid = kept.invalid.iter().map(|of| Ok((self.owned(of.text)?, of.rows)));
        let values = kept.values.iter().map(|of| Ok(ValueRows { value: self.owned(of.text)?, rows: of.rows }));
        let figures = ColumnFigures {
            rows: kept.rows,
            missing: kept.missing,
            defaulted: kept.defaulted,
            stale: kept.stale,
            fresh: kept.fresh,
            invalid: invalid.collect::<Result<_, JudgedError>>()?,
            bins: kept.bins,
            mean: kept.mean,
            standard_deviation: kept.standard_deviation,
            quantiles: match kept.quantiles[..] {
                [] => None,
                [p05, p25, p50, p75, p95] => Some(FigureQuantiles { p05, p25, p50, p75, p95 }),
                _ => return Err(JudgedError::Damaged("quantiles")),
            },
            distinct: kept.distinct,
            values: values.collect::<Result<_, JudgedError>>()?,
            costs,
        };
        Ok((self.owned(kept.name)?, figures))
    }

    fn shift(&self, kept: KeptShift) -> Result<FeatureShift, JudgedError> {
        let bin = |bin: KeptBin| {
            let KeptBin { reference_rows, reference_output, current_rows, current_output } = bin;
            BinResponse { reference_rows, reference_output, current_rows, current_output }
        };
        Ok(FeatureShift { feature: self.owned(kept.feature)?, bins: kept.bins.into_iter().map(bin).collect() })
    }
}

impl Judged {
    /// The kept form.
    ///
    /// # Errors
    /// When it cannot be packed.
    pub fn to_bytes(&self) -> Result<Vec<u8>, JudgedError> {
        let mut texts = Texts::default();
        let versions = self.versions.iter().map(|(version, rows)| texts.count((version, *rows))).collect();
        let findings = self.findings.iter().map(|finding| texts.finding(finding)).collect();
        let columns = self.columns.iter().map(|(name, figures)| texts.column(name, figures)).collect();
        let shifts = self.shifts.iter().map(|shift| texts.shift(shift)).collect();
        let kept = KeptJudged {
            rows: self.rows,
            labelled: self.labelled,
            texts: texts.texts.into_iter().map(str::to_owned).collect(),
            versions,
            findings,
            columns,
            shifts,
        };
        // The lowest level: what is left to pack is the words of findings, which repeat.
        Ok(zstd::encode_all(kept.encode_to_vec().as_slice(), 1)?)
    }

    /// Reads the kept form.
    ///
    /// # Errors
    /// When the bytes are damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, JudgedError> {
        let body = zstd::decode_all(bytes)?;
        let KeptJudged { rows, labelled, texts, versions, findings, columns, shifts } =
            KeptJudged::decode(body.as_slice())?;
        let told = Told(texts);
        Ok(Self {
            rows,
            labelled,
            versions: versions
                .iter()
                .map(|of| Ok((told.owned(of.text)?, of.rows)))
                .collect::<Result<_, JudgedError>>()?,
            findings: findings.into_iter().map(|kept| told.finding(kept)).collect::<Result<_, _>>()?,
            columns: columns.into_iter().map(|kept| told.column(kept)).collect::<Result<_, _>>()?,
            shifts: shifts.into_iter().map(|kept| told.shift(kept)).collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// Every field holds something, and no two the same.
    fn judged() -> Judged {
        let finding = |monitor: Monitor, limit: Option<Limit>, slice: Option<Slice>| Finding {
            arm: "canary".to_owned(),
            window: Window { start: Timestamp(-3), end: Timestamp(5_000_000) },
            arrow: monitor.arrow(),
            monitor,
            subject: "temp".to_owned(),
            slice,
            value: Some(0.25),
            interval: Some([-0.5, 1e300]),
            noise_floor: Some(0.125),
            limit,
            reference_value: Some(-0.0),
            rows: u64::MAX,
            reference_rows: 7,
            convention: "psi/quantile10".to_owned(),
            verdict: Verdict::Drifted,
            evidence: "temp: 0.25 é".to_owned(),
        };
        let bare = Finding {
            value: None,
            interval: None,
            noise_floor: None,
            reference_value: None,
            ..finding(Monitor::Quality, None, None)
        };
        let slice = Slice { name: "origin".to_owned(), value: "temp".to_owned() };
        let mean = |mean: f64, rows: u64| Some(MeanCost { mean, rows });
        let full = ColumnFigures {
            rows: 1,
            missing: 2,
            defaulted: 3,
            stale: 4,
            fresh: 5,
            invalid: BTreeMap::from([("too hot".to_owned(), 6), ("temp".to_owned(), 7)]),
            bins: vec![0, 8, u64::MAX],
            mean: Some(0.1),
            standard_deviation: Some(0.2),
            quantiles: Some(FigureQuantiles { p05: 0.3, p25: 0.4, p50: 0.5, p75: 0.6, p95: 0.7 }),
            distinct: Some(0.8),
            values: vec![ValueRows { value: "b".to_owned(), rows: 10 }, ValueRows { value: "a".to_owned(), rows: 9 }],
            costs: Some(Box::new(FigureCosts { ms: mean(1.5, 1), calls: mean(2.5, 2), bytes: None })),
        };
        let bin = BinResponse { reference_rows: 1, reference_output: 0.5, current_rows: 2, current_output: -0.5 };
        Judged {
            rows: 3,
            labelled: 1,
            versions: BTreeMap::from([(String::new(), 2), ("v1".to_owned(), 1)]),
            findings: vec![
                finding(Monitor::Drift, Some(Limit::AtMost(0.2)), None),
                finding(Monitor::Latency, Some(Limit::AtLeast(0.0)), Some(slice)),
                finding(Monitor::DecisionRate, Some(Limit::Within(-1.0, 1.0)), None),
                bare,
            ],
            columns: BTreeMap::from([
                ("features/temp".to_owned(), full),
                ("features/none".to_owned(), ColumnFigures::default()),
            ]),
            shifts: vec![FeatureShift { feature: "temp".to_owned(), bins: vec![bin, BinResponse::default()] }],
        }
    }

    #[test]
    fn the_kept_form_reads_back() {
        for judged in [judged(), Judged::default()] {
            assert_eq!(Judged::from_bytes(&judged.to_bytes().unwrap()).unwrap(), judged);
        }
    }

    #[test]
    fn what_is_no_finite_number_is_not_kept() {
        let mut judged = judged();
        judged.findings.truncate(1);
        judged.findings[0].value = Some(f64::INFINITY);
        judged.findings[0].interval = Some([0.0, f64::NAN]);
        let read = Judged::from_bytes(&judged.to_bytes().unwrap()).unwrap();
        assert_eq!((read.findings[0].value, read.findings[0].interval), (None, None));
        assert_eq!(read.findings[0].noise_floor, Some(0.125));
    }

    #[test]
    fn every_monitor_and_verdict_reads_back() {
        let [like, ..] = &judged().findings[..] else { panic!("there are findings") };
        let all = Monitor::ALL.into_iter().flat_map(|monitor| Verdict::ALL.map(|verdict| (monitor, verdict)));
        let finding = |(monitor, verdict): (Monitor, Verdict)| Finding {
            arrow: monitor.arrow(),
            monitor,
            verdict,
            ..like.clone()
        };
        let judged = Judged { findings: all.map(finding).collect(), ..Judged::default() };
        assert_eq!(Judged::from_bytes(&judged.to_bytes().unwrap()).unwrap(), judged);
    }

    #[test]
    fn damage_is_an_error() {
        let bytes = judged().to_bytes().unwrap();
        assert!(matches!(Judged::from_bytes(&bytes[..bytes.len() / 2]), Err(JudgedError::Packing(_))));
        let packed = |kept: &KeptJudged| zstd::encode_all(kept.encode_to_vec().as_slice(), 1).unwrap();
        let body = zstd::decode_all(bytes.as_slice()).unwrap();
        let whole = KeptJudged::decode(body.as_slice()).unwrap();
        type Damage = fn(&mut KeptJudged);
        let damages: [(Damage, &str); 5] = [
            (|kept| kept.texts.clear(), "a text"),
            (|kept| kept.findings[0].monitor = kept.findings[0].verdict, "a monitor"),
            (|kept| kept.findings[0].verdict = kept.findings[0].monitor, "a verdict"),
            (|kept| kept.findings[0].interval.truncate(1), "an interval"),
            (|kept| kept.columns[1].quantiles.truncate(4), "quantiles"),
        ];
        for (damage, what) in damages {
            let mut kept = whole.clone();
            damage(&mut kept);
            let read = Judged::from_bytes(&packed(&kept));
            assert!(matches!(read, Err(JudgedError::Damaged(named)) if named == what), "{what}: {read:?}");
        }
        let cut = zstd::encode_all(&body[..body.len() - 1], 1).unwrap();
        assert!(matches!(Judged::from_bytes(&cut), Err(JudgedError::Message(_))));
    }
}
