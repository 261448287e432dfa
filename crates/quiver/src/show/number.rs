//! Numbers as people read them: short, aligned, with their unit.

/// A count with thin groups, such as `1,234,567`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A share as a percentage with two significant digits below ten, such as `0.02%`, `4.5%`, `31%`.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value == 0.0 {
        "0%".to_owned()
    } else if value.abs() < 0.005 {
        "<0.01%".to_owned()
    } else if value.abs() < 1.0 {
        format!("{value:.2}%")
    } else if value.abs() < 10.0 {
        format!("{value:.1}%")
    } else {
        format!("{value:.0}%")
    }
}

/// A measured number with four significant digits; very large and very small ones in powers of ten.
pub fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor();
    if !(-4.0..9.0).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let decimals = (3.0 - magnitude).clamp(0.0, 7.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A duration in seconds, in the unit people would choose.
pub fn seconds(value: f64) -> String {
    match value {
        value if value < 1e-3 => format!("{:.0} µs", value * 1e6),
        value if value < 1.0 => format!("{:.0} ms", value * 1e3),
        value if value < 120.0 => format!("{value:.1} s"),
        value if value < 7_200.0 => format!("{:.0} min", value / 60.0),
        value if value < 172_800.0 => format!("{:.1} h", value / 3_600.0),
        value => format!("{:.1} d", value / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_true() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(percent(0.000_2), "0.02%");
        assert_eq!(percent(0.000_01), "<0.01%");
        assert_eq!(percent(0.148), "15%");
        assert_eq!(short(1_017.808_17), "1018");
        assert_eq!(short(0.004_564), "0.004564");
        assert_eq!(short(2.0), "2");
        assert_eq!(short(1.5e12), "1.500e12");
        assert_eq!(seconds(10_800.0), "3.0 h");
    }
}
