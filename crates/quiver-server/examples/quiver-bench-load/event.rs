//! Predictions of about 1 KB with 20 features, ten numbers and ten texts, as a shop's model would make; knows no format.

use super::sequence::Sequence;

/// The model that `bench/ingest.yaml` declares.
pub const MODEL: &str = "basket-offer";

/// The features that are numbers.
pub const NUMBERS: [&str; 10] = [
    "basket_value",
    "basket_items",
    "minutes_on_site",
    "pages_seen",
    "days_since_order",
    "orders_last_year",
    "mean_order_value",
    "discount_share",
    "return_rate",
    "affinity",
];

/// The features that are categories or texts.
pub const TEXTS: [&str; 10] =
    ["customer", "country", "city", "postcode", "device", "channel", "category", "payment", "search", "user_agent"];

const COUNTRIES: [&str; 12] = ["DE", "AT", "CH", "NL", "FR", "BE", "PL", "DK", "IT", "ES", "SE", "CZ"];
const CITIES: [&str; 16] = [
    "Berlin",
    "Hamburg",
    "München",
    "Köln",
    "Frankfurt",
    "Wien",
    "Zürich",
    "Leipzig",
    "Amsterdam",
    "Bremen",
    "Dresden",
    "Hannover",
    "Nürnberg",
    "Graz",
    "Basel",
    "Rotterdam",
];
const DEVICES: [&str; 3] = ["phone", "desktop", "tablet"];
const CHANNELS: [&str; 6] = ["search", "direct", "newsletter", "affiliate", "social", "display"];
const CATEGORIES: [&str; 14] = [
    "shoes/running",
    "shoes/boots",
    "jackets",
    "trousers",
    "kitchen",
    "garden",
    "toys",
    "books",
    "audio",
    "phones",
    "lighting",
    "bicycles",
    "bags",
    "watches",
];
const PAYMENTS: [&str; 5] = ["invoice", "card", "wallet", "transfer", "instalments"];
const WORDS: [&str; 20] = [
    "waterproof",
    "running",
    "shoes",
    "red",
    "kitchen",
    "lamp",
    "for",
    "children",
    "garden",
    "table",
    "wireless",
    "size",
    "large",
    "black",
    "leather",
    "bag",
    "with",
    "warm",
    "winter",
    "jacket",
];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
];

/// One prediction, without id and time.
pub struct Prediction {
    pub numbers: [f64; 10],
    pub texts: [String; 10],
    pub score: f64,
    pub latency_ms: f64,
    pub trace_id: String,
}

/// A number as shops store it: so many decimals.
fn rounded(number: f64, decimals: i32) -> f64 {
    let unit = 10_f64.powi(decimals);
    (number * unit).round() / unit
}

impl Prediction {
    /// The next prediction of a sequence.
    pub fn next(sequence: &mut Sequence) -> Self {
        let value = 12.0 + 240.0 * sequence.unit() * sequence.unit();
        let words = 2 + sequence.below(4);
        let search: Vec<&str> = (0..words).map(|_| sequence.pick(&WORDS)).collect();
        Self {
            numbers: [
                rounded(value, 2),
                (1 + sequence.below(9)) as f64,
                rounded(sequence.unit() * 42.0, 3),
                (1 + sequence.below(60)) as f64,
                sequence.below(400) as f64,
                sequence.below(25) as f64,
                rounded(value * (0.5 + sequence.unit()), 2),
                rounded(sequence.unit() * 0.4, 4),
                rounded(sequence.unit() * sequence.unit(), 4),
                sequence.unit(),
            ],
            texts: [
                format!("c-{:08}", sequence.below(2_000_000)),
                sequence.pick(&COUNTRIES).to_owned(),
                sequence.pick(&CITIES).to_owned(),
                format!("{:05}", 1_000 + sequence.below(98_000)),
                sequence.pick(&DEVICES).to_owned(),
                sequence.pick(&CHANNELS).to_owned(),
                sequence.pick(&CATEGORIES).to_owned(),
                sequence.pick(&PAYMENTS).to_owned(),
                search.join(" "),
                sequence.pick(&AGENTS).to_owned(),
            ],
            score: rounded(sequence.unit(), 6),
            latency_ms: rounded(3.0 + 30.0 * sequence.unit() * sequence.unit(), 3),
            trace_id: format!("{:016x}{:016x}", sequence.next(), sequence.next()),
        }
    }

    /// What is done at this score.
    pub fn action(&self) -> &'static str {
        if self.score >= 0.5 { "offer" } else { "none" }
    }
}
