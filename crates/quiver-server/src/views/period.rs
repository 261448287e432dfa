//! One period of one arm in memory: cells in the place of findings, so that years of thousands of features fit.

use crate::judged::{ColumnFigures, Judged};
use quiver_event::Arrow;
use quiver_event::time::Window;
use quiver_judge::finding::{Finding, Limit, Monitor, Slice, Verdict, arrow_verdict};
use std::collections::{BTreeMap, HashMap};

/// Texts that occur in every period, by number.
#[derive(Debug, Clone, Default)]
pub struct Names {
    texts: Vec<String>,
    numbers: HashMap<String, u32>,
    slices: Vec<Slice>,
    slice_numbers: HashMap<Slice, u32>,
}

impl Names {
    fn put(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        // Names are declared in specs or made by monitors: far fewer than this.
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    fn put_slice(&mut self, slice: &Slice) -> u32 {
        if let Some(number) = self.slice_numbers.get(slice) {
            return *number;
        }
        let number = u32::try_from(self.slices.len()).unwrap_or(u32::MAX);
        self.slices.push(slice.clone());
        self.slice_numbers.insert(slice.clone(), number);
        number
    }

    /// The number of a text, where any period holds it.
    pub fn number(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// How many texts there are: their numbers are below.
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", String::as_str)
    }

    /// The slice of a number.
    pub fn slice(&self, number: u32) -> Option<&Slice> {
        self.slices.get(number as usize)
    }

    pub(super) fn bytes(&self) -> usize {
        let texts: usize = self.texts.iter().map(|text| 2 * (text.len() + size_of::<String>())).sum();
        let slices = self.slices.iter().map(|slice| 2 * (slice.name.len() + slice.value.len() + size_of::<Slice>()));
        texts + slices.sum::<usize>()
    }
}

/// A finding without its words: they are read again from the catalogue when somebody asks for them.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    /// The monitor.
    pub monitor: Monitor,
    /// The conclusion.
    pub verdict: Verdict,
    /// The number of the subject's name.
    pub subject: u32,
    /// The number of the slice, where it is not the whole population.
    pub slice: Option<u32>,
    /// The number of the convention's name.
    pub convention: u32,
    /// The measured value.
    pub value: Option<f64>,
    /// The value's interval.
    pub interval: Option<[f64; 2]>,
    /// What the reference gives by chance.
    pub noise_floor: Option<f64>,
    /// The bound.
    pub limit: Option<Limit>,
    /// The same value in the reference.
    pub reference_value: Option<f64>,
    /// Rows behind the value.
    pub rows: u64,
    /// Rows behind the reference's value.
    pub reference_rows: u64,
}

impl Cell {
    fn new(finding: &Finding, names: &mut Names) -> Self {
        Self {
            monitor: finding.monitor,
            verdict: finding.verdict,
            subject: names.put(&finding.subject),
            slice: finding.slice.as_ref().map(|slice| names.put_slice(slice)),
            convention: names.put(&finding.convention),
            value: finding.value,
            interval: finding.interval,
            noise_floor: finding.noise_floor,
            limit: finding.limit,
            reference_value: finding.reference_value,
            rows: finding.rows,
            reference_rows: finding.reference_rows,
        }
    }

    /// The finding again, without its words.
    pub fn finding(&self, arm: &str, window: Window, names: &Names) -> Finding {
        Finding {
            arm: arm.to_owned(),
            window,
            arrow: self.monitor.arrow(),
            monitor: self.monitor,
            subject: names.text(self.subject).to_owned(),
            slice: self.slice.and_then(|slice| names.slice(slice)).cloned(),
            value: self.value,
            interval: self.interval,
            noise_floor: self.noise_floor,
            limit: self.limit,
            reference_value: self.reference_value,
            rows: self.rows,
            reference_rows: self.reference_rows,
            convention: names.text(self.convention).to_owned(),
            verdict: self.verdict,
            evidence: String::new(),
        }
    }
}

/// One period of one arm.
#[derive(Debug, Clone)]
pub struct PeriodView {
    /// The period.
    pub window: Window,
    /// Predictions.
    pub rows: u64,
    /// Of these, with a label.
    pub labelled: u64,
    /// Predictions of each version.
    pub versions: BTreeMap<String, u64>,
    /// The worst verdict of each arrow.
    pub arrows: [Verdict; 4],
    /// What the monitors say, arrow by arrow, and of each in the order in which they said it.
    pub cells: Vec<Cell>,
    /// The figures of each profile column, in order of the number of its name.
    figures: Vec<(u32, ColumnFigures)>,
}

impl PeriodView {
    /// What was judged, with its names by number.
    pub fn new(window: Window, judged: Judged, names: &mut Names) -> Self {
        let arrows = Arrow::ALL.map(|arrow| arrow_verdict(&judged.findings, arrow));
        let mut cells: Vec<Cell> = judged.findings.iter().map(|finding| Cell::new(finding, names)).collect();
        cells.sort_by_key(|cell| cell.monitor.arrow());
        let figures = judged.columns.into_iter().map(|(name, figures)| (names.put(&name), figures));
        let mut figures: Vec<(u32, ColumnFigures)> = figures.collect();
        figures.sort_by_key(|(name, _)| *name);
        Self { window, rows: judged.rows, labelled: judged.labelled, versions: judged.versions, arrows, cells, figures }
    }

    /// The versions that answered and said so.
    pub fn versions(&self) -> impl Iterator<Item = &str> {
        self.versions.keys().map(String::as_str).filter(|version| !version.is_empty())
    }

    /// What the monitors of one arrow say.
    pub fn of_arrow(&self, arrow: Arrow) -> &[Cell] {
        let first = self.cells.partition_point(|cell| cell.monitor.arrow() < arrow);
        let last = self.cells.partition_point(|cell| cell.monitor.arrow() <= arrow);
        &self.cells[first..last]
    }

    /// The figures of the profile column of that number.
    pub fn figures(&self, column: u32) -> Option<&ColumnFigures> {
        let place = self.figures.binary_search_by_key(&column, |(name, _)| *name).ok()?;
        Some(&self.figures[place].1)
    }

    pub(super) fn bytes(&self) -> usize {
        let figures = self.figures.iter().map(|(_, figures)| {
            size_of::<(u32, ColumnFigures)>() + figures.bins.len() * size_of::<u64>() + figures.invalid.len() * 64
        });
        let versions: usize = self.versions.keys().map(|version| version.len() + 64).sum();
        size_of::<Self>() + self.cells.len() * size_of::<Cell>() + figures.sum::<usize>() + versions
    }
}
