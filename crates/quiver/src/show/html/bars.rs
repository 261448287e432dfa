//! Paired bars of two sides over the same frozen bins: which bins have a row, in what order, under what name.

use super::super::number::short;
use super::scale::{share_text, width_percent};
use super::words::clipped;
use quiver_profile::edges::BinLabel;
use serde::Serialize;

/// The most bins of one picture; the rest is summed up in a row that says so.
const MOST_ROWS: usize = 20;

/// The most characters of a bin's name.
const LONGEST_LABEL: usize = 28;

/// One bin on both sides.
#[derive(Debug, Clone)]
pub struct Bin<'a> {
    /// What it holds.
    pub label: &'a BinLabel,
    /// Reference rows.
    pub reference: u64,
    /// Current rows.
    pub current: u64,
}

/// One row of a picture.
#[derive(Debug, PartialEq, Serialize)]
pub struct BarRow {
    label: String,
    /// Whether the row holds values that the reference's bins have no place for.
    is_outside: bool,
    reference_width: String,
    current_width: String,
    reference_share: String,
    current_share: String,
    /// Whether this bin's share changed most.
    is_largest_move: bool,
}

/// Paired bars in the order given; for bins whose names tell their order.
pub fn rows_in_order(bins: &[Bin<'_>]) -> Vec<BarRow> {
    rows_of(bins, None, false)
}

/// Paired bars of all bins that hold anything on either side.
pub fn rows(bins: &[Bin<'_>], unit: Option<&str>) -> Vec<BarRow> {
    rows_of(bins, unit, true)
}

fn rows_of(bins: &[Bin<'_>], unit: Option<&str>, is_sorted: bool) -> Vec<BarRow> {
    let total = |side: fn(&Bin<'_>) -> u64| bins.iter().map(side).sum::<u64>();
    let (reference_rows, current_rows) = (total(|bin| bin.reference), total(|bin| bin.current));
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let shares = |bin: &Bin<'_>| (share(bin.reference, reference_rows), share(bin.current, current_rows));
    let change = |bin: &Bin<'_>| {
        let (before, after) = shares(bin);
        (after - before).abs()
    };
    let weight = |bin: &Bin<'_>| {
        let (before, after) = shares(bin);
        before.max(after) + change(bin)
    };
    let mut kept: Vec<&Bin<'_>> = bins.iter().filter(|bin| !is_sorted || bin.reference + bin.current > 0).collect();
    let mut rest = None;
    if kept.len() > MOST_ROWS {
        kept.sort_by(|left, right| weight(right).total_cmp(&weight(left)));
        let others = kept.split_off(MOST_ROWS - 1);
        let sum = |side: fn(&Bin<'_>) -> u64| others.iter().map(|bin| side(bin)).sum::<u64>();
        rest = Some((others.len(), sum(|bin| bin.reference), sum(|bin| bin.current)));
    }
    if is_sorted {
        kept.sort_by(|left, right| {
            let ((left_group, left_number), (right_group, right_number)) = (place(left.label), place(right.label));
            let places = left_group.cmp(&right_group).then(left_number.total_cmp(&right_number));
            // A range ends with its upper bound, so it comes before that very value.
            let is_value = |bin: &Bin<'_>| matches!(bin.label, BinLabel::Value(_));
            let places = places.then(is_value(left).cmp(&is_value(right)));
            places.then(right.reference.cmp(&left.reference)).then(right.current.cmp(&left.current))
        });
    }
    // A move that the shares' texts would not show is no move worth a mark.
    let largest =
        kept.iter().filter(|bin| change(bin) > 0.0005).max_by(|left, right| change(left).total_cmp(&change(right)));
    let largest = largest.map(|bin| bin.label);
    let most = kept.iter().map(|bin| shares(bin)).map(|(before, after)| before.max(after));
    let rest_shares = rest.map(|(_, before, after)| (share(before, reference_rows), share(after, current_rows)));
    let most = most.chain(rest_shares.map(|(before, after)| before.max(after))).fold(0.0, f64::max).max(1e-9);
    let texts = bin_texts(&kept.iter().map(|bin| bin.label).collect::<Vec<_>>(), unit);
    let row = |label: String, is_outside: bool, before: u64, after: u64, is_largest_move: bool| BarRow {
        label,
        is_outside,
        reference_width: width_percent(share(before, reference_rows) / most),
        current_width: width_percent(share(after, current_rows) / most),
        reference_share: share_text(before, reference_rows),
        current_share: share_text(after, current_rows),
        is_largest_move,
    };
    let mut rows: Vec<BarRow> = kept
        .iter()
        .zip(texts)
        .map(|(bin, text)| row(text, is_outside(bin.label), bin.reference, bin.current, Some(bin.label) == largest))
        .collect();
    if let Some((number, before, after)) = rest {
        rows.push(row(format!("{number} other bins"), false, before, after, false));
    }
    rows
}

fn is_outside(label: &BinLabel) -> bool {
    matches!(label, BinLabel::Under(_) | BinLabel::Over(_) | BinLabel::Unseen | BinLabel::Null)
}

/// Numbers in their order, categories by their share, and what has no place last.
fn place(label: &BinLabel) -> (u8, f64) {
    match label {
        BinLabel::Under(_) => (0, 0.0),
        BinLabel::Value(value) => (1, *value),
        BinLabel::Range { up_to: Some(up_to), .. } => (1, *up_to),
        BinLabel::Range { up_to: None, .. } => (2, 0.0),
        BinLabel::Over(_) => (3, 0.0),
        BinLabel::True => (1, 0.0),
        BinLabel::False => (1, 1.0),
        BinLabel::Category(_) => (4, 0.0),
        BinLabel::Unseen => (5, 0.0),
        BinLabel::Null => (6, 0.0),
    }
}

/// The names of bins, with as few digits as tell all bounds apart.
pub fn bin_texts(labels: &[&BinLabel], unit: Option<&str>) -> Vec<String> {
    let mut bounds: Vec<f64> = labels
        .iter()
        .flat_map(|label| match label {
            BinLabel::Under(bound) | BinLabel::Over(bound) | BinLabel::Value(bound) => [Some(*bound), None],
            BinLabel::Range { above, up_to } => [*above, *up_to],
            _ => [None, None],
        })
        .flatten()
        .collect();
    bounds.sort_by(f64::total_cmp);
    bounds.dedup();
    let digits = (3..=8).find(|&digits| {
        let texts: Vec<String> = bounds.iter().map(|bound| rounded(*bound, digits)).collect();
        texts.windows(2).all(|pair| pair[0] != pair[1])
    });
    let number = |value: f64| rounded(value, digits.unwrap_or(9));
    let unit = unit.map(|unit| format!(" {}", clipped(unit, 12))).unwrap_or_default();
    let text = |label: &&BinLabel| match label {
        BinLabel::Under(bound) => format!("below {}{unit}", number(*bound)),
        BinLabel::Over(bound) => format!("above {}{unit}", number(*bound)),
        BinLabel::Value(value) => format!("exactly {}", number(*value)),
        BinLabel::Range { above: Some(above), up_to: Some(up_to) } => {
            format!("{} – {}", number(*above), number(*up_to))
        }
        BinLabel::Range { above: None, up_to: Some(up_to) } => format!("up to {}", number(*up_to)),
        BinLabel::Range { above: Some(above), up_to: None } => format!("above {}", number(*above)),
        BinLabel::Range { above: None, up_to: None } => "any number".to_owned(),
        BinLabel::Null => "missing".to_owned(),
        BinLabel::Category(category) if category.is_empty() => "(empty)".to_owned(),
        BinLabel::Category(category) => clipped(category, LONGEST_LABEL),
        BinLabel::Unseen => "not in the reference".to_owned(),
        BinLabel::True => "true".to_owned(),
        BinLabel::False => "false".to_owned(),
    };
    labels.iter().map(text).collect()
}

/// A number with `digits` significant digits, but never fewer than its whole part has.
fn rounded(value: f64, digits: i32) -> String {
    if value == 0.0 || !value.is_finite() {
        return short(value);
    }
    let magnitude = value.abs().log10().floor();
    if !(-4.0..9.0).contains(&magnitude) {
        return format!("{value:.*e}", (digits - 1).max(0) as usize);
    }
    let decimals = (f64::from(digits) - 1.0 - magnitude).max(0.0) as usize;
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

/// The bin whose share changed most, and its shares on both sides; nothing when none did.
pub fn largest_move(bins: &[Bin<'_>]) -> Option<(String, String)> {
    let row = rows(bins, None).into_iter().find(|row| row.is_largest_move)?;
    (row.reference_share != row.current_share)
        .then(|| (row.label, format!("{} → {}", row.reference_share, row.current_share)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(above: f64, up_to: f64) -> BinLabel {
        BinLabel::Range { above: Some(above), up_to: Some(up_to) }
    }

    #[test]
    fn bins_stand_in_the_order_of_their_numbers() {
        let labels = [BinLabel::Value(10.0), range(0.06, 0.75), range(9.0, 10.0), BinLabel::Over(10.0), BinLabel::Null];
        let bins: Vec<Bin<'_>> = labels.iter().map(|label| Bin { label, reference: 1, current: 2 }).collect();
        let names: Vec<String> = rows(&bins, Some("mi")).into_iter().map(|row| row.label).collect();
        assert_eq!(names, ["0.06 – 0.75", "9 – 10", "exactly 10", "above 10 mi", "missing"]);
    }

    #[test]
    fn bounds_have_as_many_digits_as_tell_them_apart() {
        let labels = [range(1_012.1, 1_013.6), range(1_013.6, 1_014.7)];
        let texts = bin_texts(&labels.iter().collect::<Vec<_>>(), None);
        assert_eq!(texts, ["1012 – 1014", "1014 – 1015"]);
        let labels = [range(0.106_466_405_093_669_89, 0.145_342_245_697_975_16)];
        assert_eq!(bin_texts(&labels.iter().collect::<Vec<_>>(), None), ["0.106 – 0.145"]);
    }

    #[test]
    fn many_categories_are_summed_up_and_nothing_is_lost() {
        let labels: Vec<BinLabel> = (0..100).map(|number| BinLabel::Category(format!("c{number}"))).collect();
        let bins: Vec<Bin<'_>> =
            labels.iter().enumerate().map(|(rows, label)| Bin { label, reference: rows as u64, current: 1 }).collect();
        let rows = rows(&bins, None);
        assert_eq!(rows.len(), MOST_ROWS);
        assert_eq!(rows[0].label, "c99");
        assert_eq!(rows[MOST_ROWS - 1].label, "81 other bins");
        assert_eq!(rows[MOST_ROWS - 1].reference_share, "65%");
    }

    #[test]
    fn empty_sides_are_no_division_by_zero() {
        let label = BinLabel::True;
        let rows = rows(&[Bin { label: &label, reference: 0, current: 3 }], None);
        assert_eq!((rows[0].reference_share.as_str(), rows[0].current_share.as_str()), ("–", "100%"));
        assert_eq!(rows[0].reference_width, "0%");
    }
}
