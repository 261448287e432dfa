//! Measures how fast clean texts are told to be clean, on one core: the cost that detection adds to every kept string.

use quiver_door::detect::Detectors;
use std::io::Write;
use std::time::Instant;

const TOTAL_BYTES: usize = 64 << 20;
const ROUNDS: usize = 5;
const WORDS: [&str; 40] = [
    "request",
    "the",
    "model",
    "prediction",
    "of",
    "delay",
    "carrier",
    "departure",
    "and",
    "score",
    "in",
    "with",
    "returned",
    "feature",
    "a",
    "weather",
    "to",
    "slow",
    "batch",
    "is",
    "cache",
    "miss",
    "for",
    "origin",
    "training",
    "threshold",
    "was",
    "warning",
    "shard",
    "queue",
    "customer",
    "segment",
    "retail",
    "basket",
    "recommended",
    "category",
    "electronics",
    "window",
    "after",
    "retry",
];

/// A fixed sequence (splitmix64): the text is the same in every run.
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len() as u64) as usize]
    }

    fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }

    fn prose(&mut self, bytes: usize) -> String {
        let mut text = String::new();
        while text.len() < bytes {
            text.push_str(self.word());
            text.push(' ');
        }
        text
    }
}

/// One text of a kind that logs and events hold.
fn text(kind: &str, sequence: &mut Sequence) -> String {
    match kind {
        "prose" => {
            let bytes = 40 + sequence.below(150) as usize;
            sequence.prose(bytes)
        }
        "uuid" => sequence.uuid(),
        "hexadecimal" => format!("{:016x}{:016x}", sequence.next(), sequence.next()),
        "number" => format!("{}.{:06}", sequence.below(1_000_000), sequence.below(1_000_000)),
        "category" => format!("{}_{}", sequence.word(), sequence.word()),
        "json" => format!(
            "{{\"level\":\"info\",\"model\":\"{}\",\"latency\":{}.{},\"count\":{},\"tags\":[\"{}\",\"{}\"]}}",
            sequence.word(),
            sequence.below(90),
            sequence.below(1000),
            sequence.below(100_000),
            sequence.word(),
            sequence.word()
        ),
        "log" => format!(
            "2024-03-{:02}T{:02}:{:02}:12.{:03}Z INFO {} shard={} took {} ms",
            1 + sequence.below(28),
            sequence.below(24),
            sequence.below(60),
            sequence.below(1000),
            sequence.prose(24),
            sequence.below(512),
            sequence.below(5000)
        ),
        _ => format!(
            "https://example.com/{}/{}?page={}&sort={}",
            sequence.word(),
            sequence.below(1_000_000),
            sequence.below(50),
            sequence.word()
        ),
    }
}

const KINDS: [&str; 8] = ["prose", "uuid", "hexadecimal", "number", "category", "json", "log", "url"];

/// Texts one behind the other, as a column holds them.
#[derive(Default)]
struct Column {
    bytes: String,
    ends: Vec<usize>,
}

impl Column {
    fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
    }

    /// The fastest of several rounds in 10⁶ bytes a second, and how many texts were not clean.
    fn measure(&self, detectors: &Detectors) -> (f64, usize) {
        let mut best = 0.0_f64;
        let mut dirty = 0;
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            let mut start = 0;
            dirty = 0;
            for end in &self.ends {
                dirty += usize::from(!detectors.is_clean(&self.bytes[start..*end]));
                start = *end;
            }
            best = best.max(self.bytes.len() as f64 / begin.elapsed().as_secs_f64() / 1e6);
        }
        (best, dirty)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let detectors = Detectors::new()?;
    let mut sequence = Sequence(17);
    let mut all = Column::default();
    let mut by_kind: Vec<Column> = KINDS.iter().map(|_| Column::default()).collect();
    while all.bytes.len() < TOTAL_BYTES {
        let kind = sequence.below(KINDS.len() as u64) as usize;
        let text = text(KINDS[kind], &mut sequence);
        all.push(&text);
        by_kind[kind].push(&text);
    }
    let (speed, dirty) = all.measure(&detectors);
    let mut figures = serde_json::Map::new();
    figures.insert("texts".into(), all.ends.len().into());
    figures.insert("bytes".into(), all.bytes.len().into());
    figures.insert("clean_megabytes_per_second".into(), speed.round().into());
    figures.insert("texts_not_clean".into(), dirty.into());
    for (kind, column) in KINDS.iter().zip(&by_kind) {
        figures.insert(format!("{kind}_megabytes_per_second"), column.measure(&detectors).0.round().into());
    }
    writeln!(std::io::stdout(), "{}", serde_json::Value::Object(figures))?;
    Ok(())
}
