//! What a request costs by the prices of the spec: an amount of money for so much of a resource, times what is used.

use quiver_event::spec::CostSpec;
use quiver_event::units::{Bytes, Price};
use std::collections::BTreeMap;

/// Costs are told for so many requests.
const REQUESTS: f64 = 1_000.0;

/// What a request uses, on average; what no event tells is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// Milliseconds of processors.
    pub cpu_ms: Option<f64>,
    /// Milliseconds of accelerators.
    pub gpu_ms: Option<f64>,
    /// Bytes moved.
    pub bytes: Option<f64>,
    /// Tokens read.
    pub tokens_in: Option<f64>,
    /// Tokens written.
    pub tokens_out: Option<f64>,
    /// Calls to each service.
    pub calls: BTreeMap<String, CallUsage>,
}

/// What a request uses of a service, on average.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CallUsage {
    /// Calls.
    pub calls: f64,
    /// Milliseconds in them; none where no event tells.
    pub ms: Option<f64>,
}

/// What a thousand requests cost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cost {
    /// The currency of all amounts.
    pub currency: Option<String>,
    /// Each price by its name in the spec, times what is used.
    pub parts: Vec<(String, f64)>,
    /// Prices that are not among the parts: nothing is known of what is used, or the price is for something else.
    pub unpriced: Vec<String>,
    /// The most that a thousand requests may cost.
    pub at_most: Option<f64>,
}

impl Cost {
    /// The cost of what is used.
    pub fn of(spec: &CostSpec, usage: &Usage) -> Self {
        // Amounts of different currencies cannot be added: the limit's counts, or else the first.
        let currency = spec.at_most.as_ref().or_else(|| spec.prices.values().next()).map(|price| &price.currency);
        let mut cost = Self { currency: currency.cloned(), ..Self::default() };
        for (name, price) in &spec.prices {
            let amount = Amount::parse(&price.per).filter(|_| Some(&price.currency) == currency);
            let used = amount.and_then(|amount| Some(REQUESTS * usage.of(name, amount.unit)? / amount.number));
            match used {
                Some(used) => cost.parts.push((name.clone(), price.amount * used)),
                None => cost.unpriced.push(name.clone()),
            }
        }
        cost.at_most = spec.at_most.as_ref().and_then(of_requests);
        cost
    }

    /// All parts together; none where there are none.
    pub fn total(&self) -> Option<f64> {
        (!self.parts.is_empty()).then(|| self.parts.iter().map(|(_, part)| part).sum())
    }
}

/// A price of predictions, for a thousand of them.
fn of_requests(price: &Price) -> Option<f64> {
    let amount = Amount::parse(&price.per)?;
    matches!(amount.unit, Unit::Pieces | Unit::Requests).then(|| REQUESTS * price.amount / amount.number)
}

/// What a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// A number of whatever the price's name counts.
    Pieces,
    Requests,
    Calls,
    Tokens,
    Milliseconds,
    Bytes,
}

/// How much a price is for, such as `1k`, `1M calls`, `hour` or `GB`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Amount {
    number: f64,
    unit: Unit,
}

impl Amount {
    fn parse(per: &str) -> Option<Self> {
        let per = per.trim();
        let digits = per.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(per.len());
        let (number, rest) = per.split_at(digits);
        let number: f64 = if number.is_empty() { 1.0 } else { number.parse().ok()? };
        let rest = rest.trim();
        let (first, others) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (scale, unit) = match first {
            "k" | "K" | "thousand" => (1e3, others.trim()),
            "M" | "million" => (1e6, others.trim()),
            "G" | "billion" => (1e9, others.trim()),
            _ => (1.0, rest),
        };
        let (size, unit) = match unit {
            "" => (1.0, Unit::Pieces),
            "request" | "requests" | "prediction" | "predictions" => (1.0, Unit::Requests),
            "call" | "calls" => (1.0, Unit::Calls),
            "token" | "tokens" => (1.0, Unit::Tokens),
            "ms" | "millisecond" | "milliseconds" => (1.0, Unit::Milliseconds),
            "s" | "second" | "seconds" => (1e3, Unit::Milliseconds),
            "m" | "min" | "minute" | "minutes" => (60e3, Unit::Milliseconds),
            "h" | "hour" | "hours" => (3_600e3, Unit::Milliseconds),
            "d" | "day" | "days" => (86_400e3, Unit::Milliseconds),
            "byte" | "bytes" => (1.0, Unit::Bytes),
            size => (Bytes::parse(&format!("1{size}")).ok()?.bytes() as f64, Unit::Bytes),
        };
        let number = number * scale * size;
        (number.is_finite() && number > 0.0).then_some(Self { number, unit })
    }
}

impl Usage {
    /// How much of what a price names a request uses, in units of the price.
    fn of(&self, name: &str, unit: Unit) -> Option<f64> {
        if unit == Unit::Requests {
            return Some(1.0);
        }
        let tokens = || match (self.tokens_in, self.tokens_out) {
            (None, None) => None,
            (read, written) => Some(read.unwrap_or(0.0) + written.unwrap_or(0.0)),
        };
        match (name, unit) {
            ("cpu", Unit::Milliseconds) => self.cpu_ms,
            ("gpu", Unit::Milliseconds) => self.gpu_ms,
            ("bytes", Unit::Bytes | Unit::Pieces) => self.bytes,
            ("tokens_in", Unit::Tokens | Unit::Pieces) => self.tokens_in,
            ("tokens_out", Unit::Tokens | Unit::Pieces) => self.tokens_out,
            ("tokens", Unit::Tokens | Unit::Pieces) => tokens(),
            (service, Unit::Calls | Unit::Pieces) => self.calls.get(service).map(|usage| usage.calls),
            (service, Unit::Milliseconds) => self.calls.get(service)?.ms,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost_spec(prices: &[(&str, &str)], at_most: Option<&str>) -> CostSpec {
        let price = |text: &str| Price::parse(text).unwrap();
        let prices = prices.iter().map(|(name, text)| ((*name).to_owned(), price(text))).collect();
        CostSpec { prices, at_most: at_most.map(price) }
    }

    fn usage() -> Usage {
        let redis = CallUsage { calls: 2.0, ms: Some(0.9) };
        Usage {
            cpu_ms: Some(1.8),
            tokens_in: Some(500.0),
            tokens_out: Some(100.0),
            calls: BTreeMap::from([("redis".to_owned(), redis)]),
            ..Usage::default()
        }
    }

    #[track_caller]
    fn check_part(name: &str, price: &str, expected: f64) {
        let cost = Cost::of(&cost_spec(&[(name, price)], None), &usage());
        let [(_, part)] = cost.parts.as_slice() else { panic!("{cost:?}") };
        assert!((part - expected).abs() <= 1e-12 * expected.abs(), "{part} is not {expected}");
        assert_eq!(cost.total(), Some(*part));
    }

    #[test]
    fn prices_times_use_are_the_cost_of_a_thousand_requests() {
        // 1,000 requests use 1.8 s of 3,600 s at 0.04.
        check_part("cpu", "0.04 USD per hour", 0.00002);
        // 2,000 calls of a million at 0.2.
        check_part("redis", "0.2 USD per 1M calls", 0.0004);
        check_part("redis", "0.2 USD per 1k", 0.4);
        // 0.9 s of a minute at 6.
        check_part("redis", "6 USD per minute", 0.09);
        check_part("tokens_in", "3 USD per 1M tokens", 1.5);
        check_part("tokens", "1 USD per 1k tokens", 600.0);
        check_part("licence", "0.5 USD per 1k predictions", 0.5);
    }

    #[test]
    fn what_cannot_be_priced_is_named() {
        let prices = [
            ("bytes", "0.09 USD per GB"),
            ("cpu", "0.04 USD per call"),
            ("gpu", "2 USD per hour"),
            ("redis", "0.2 EUR per 1M calls"),
            ("tokens", "1 USD per furlong"),
        ];
        let cost = Cost::of(&cost_spec(&prices, Some("0.40 USD per 1k")), &usage());
        assert_eq!(cost.unpriced, ["bytes", "cpu", "gpu", "redis", "tokens"]);
        assert_eq!((cost.total(), cost.at_most), (None, Some(0.4)));
        assert_eq!(cost.currency.as_deref(), Some("USD"));
        let hourly = Cost::of(&cost_spec(&[], Some("1 USD per hour")), &usage());
        assert_eq!((hourly.at_most, hourly.total()), (None, None));
        assert_eq!(Cost::of(&CostSpec::default(), &usage()), Cost::default());
    }

    #[test]
    fn amounts_read_as_people_write_them() {
        let check = |per: &str, number: f64, unit: Unit| assert_eq!(Amount::parse(per), Some(Amount { number, unit }));
        check("1k", 1e3, Unit::Pieces);
        check("1M calls", 1e6, Unit::Calls);
        check("hour", 3.6e6, Unit::Milliseconds);
        check("million tokens", 1e6, Unit::Tokens);
        check("GB", 1e9, Unit::Bytes);
        check("10 GiB", 10.0 * 1_073_741_824.0, Unit::Bytes);
        check("100", 100.0, Unit::Pieces);
        for per in ["0 calls", "GB hour", "k g", "..", "calls a day"] {
            assert_eq!(Amount::parse(per), None, "{per}");
        }
    }
}
