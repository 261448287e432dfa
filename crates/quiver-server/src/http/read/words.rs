//! Findings, periods and bins as the API spells them, with their schemas.

use quiver_event::Arrow;
use quiver_event::time::{Timestamp, Window, WindowLength, Zone};
use quiver_judge::finding::{self, Limit, Monitor, Verdict};
use quiver_profile::BinLabel;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Gives a type of another crate a schema: one of the names it has.
macro_rules! names_of {
    ($schema:ident, $name:literal, $description:literal, $names:expr) => {
        #[doc = $description]
        #[derive(Debug)]
        pub struct $schema;

        impl PartialSchema for $schema {
            fn schema() -> RefOr<Schema> {
                let names: Vec<&'static str> = $names;
                let object = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
                object.description(Some($description)).build().into()
            }
        }

        impl ToSchema for $schema {
            fn name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
        }
    };
}

names_of!(VerdictName, "Verdict", "What a monitor concludes", Verdict::ALL.map(Verdict::name).to_vec());
names_of!(ArrowName, "Arrow", "An arrow of a production model", Arrow::ALL.map(Arrow::name).to_vec());
names_of!(MonitorName, "Monitor", "What is watched", Monitor::ALL.map(Monitor::name).to_vec());
names_of!(ByName, "By", "The length of periods: the spec's own window, or a longer one", BY.to_vec());

/// Two numbers, the lower first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Pair(pub [f64; 2]);

impl PartialSchema for Pair {
    fn schema() -> RefOr<Schema> {
        let pair = ArrayBuilder::new().items(f64::schema()).min_items(Some(2)).max_items(Some(2));
        pair.description(Some("Two numbers, the lower first")).build().into()
    }
}

impl ToSchema for Pair {
    fn name() -> std::borrow::Cow<'static, str> {
        "Pair".into()
    }
}

/// The names of lengths.
const BY: [&str; 4] = ["window", "day", "week", "month"];

/// The name of a length, for a model whose own windows have the length `own`.
pub fn by_name(length: WindowLength, own: WindowLength) -> &'static str {
    match length {
        WindowLength::Day => "day",
        WindowLength::Week => "week",
        WindowLength::Month => "month",
        _ if length == own => "window",
        _ => "day",
    }
}

/// A half-open interval of event time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Window)]
pub struct WindowAnswer {
    /// The first instant inside.
    #[schema(format = DateTime)]
    pub start: String,
    /// The first instant after it.
    #[schema(format = DateTime)]
    pub end: String,
}

impl From<Window> for WindowAnswer {
    fn from(window: Window) -> Self {
        Self { start: window.start.to_string(), end: window.end.to_string() }
    }
}

/// A period with its name in the model's zone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct Period {
    /// The first instant inside.
    #[schema(format = DateTime)]
    pub start: String,
    /// The first instant after it.
    #[schema(format = DateTime)]
    pub end: String,
    /// Its name, such as `2013-07` or `2013-07-01`.
    pub label: String,
}

impl Period {
    /// The period of a length in a zone.
    pub fn of(window: Window, length: WindowLength, zone: &Zone) -> Self {
        let label = crate::evaluation::labels_of(length, zone)(window);
        Self { start: window.start.to_string(), end: window.end.to_string(), label }
    }
}

/// The bound a value must keep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Limit)]
pub enum LimitAnswer {
    /// The value must be at least this.
    AtLeast(f64),
    /// The value must be at most this.
    AtMost(f64),
    /// The value must lie from the first to the second.
    Within(Pair),
}

impl From<Limit> for LimitAnswer {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::AtLeast(low) => Self::AtLeast(low),
            Limit::AtMost(high) => Self::AtMost(high),
            Limit::Within(low, high) => Self::Within(Pair([low, high])),
        }
    }
}

/// One part of the population.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Slice)]
pub struct SliceAnswer {
    /// The slice's name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl From<&finding::Slice> for SliceAnswer {
    fn from(slice: &finding::Slice) -> Self {
        Self { name: slice.name.clone(), value: slice.value.clone() }
    }
}

/// What one monitor says of one subject in one window.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Finding)]
pub struct FindingAnswer {
    /// The arm judged.
    pub arm: String,
    /// The window of event time.
    pub window: WindowAnswer,
    /// The arrow.
    #[schema(value_type = ArrowName)]
    pub arrow: Arrow,
    /// The monitor.
    #[schema(value_type = MonitorName)]
    pub monitor: Monitor,
    /// What was judged: a feature, a metric, a service measure.
    pub subject: String,
    /// The part of the population, where it is not the whole.
    pub slice: Option<SliceAnswer>,
    /// The measured value.
    pub value: Option<f64>,
    /// The value's interval at 99.9 %.
    #[schema(min_items = 2, max_items = 2)]
    pub interval: Option<[f64; 2]>,
    /// What the reference gives by chance at this window's size, for distances.
    pub noise_floor: Option<f64>,
    /// The bound.
    pub limit: Option<LimitAnswer>,
    /// The same value in the reference.
    pub reference_value: Option<f64>,
    /// Rows (or labels, or decisions) behind the value.
    pub rows: u64,
    /// Rows behind the reference's value.
    pub reference_rows: u64,
    /// The name of the convention by which the value was computed.
    pub convention: String,
    /// The conclusion.
    #[schema(value_type = VerdictName)]
    pub verdict: Verdict,
    /// The conclusion in words, with its figures.
    pub evidence: String,
}

impl From<&finding::Finding> for FindingAnswer {
    fn from(finding: &finding::Finding) -> Self {
        Self {
            arm: finding.arm.clone(),
            window: finding.window.into(),
            arrow: finding.arrow,
            monitor: finding.monitor,
            subject: finding.subject.clone(),
            slice: finding.slice.as_ref().map(SliceAnswer::from),
            value: finding.value,
            interval: finding.interval,
            noise_floor: finding.noise_floor,
            limit: finding.limit.map(LimitAnswer::from),
            reference_value: finding.reference_value,
            rows: finding.rows,
            reference_rows: finding.reference_rows,
            convention: finding.convention.clone(),
            verdict: finding.verdict,
            evidence: finding.evidence.clone(),
        }
    }
}

/// What a bin of the reference's frozen edges holds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bin {
    /// Numbers below the reference's minimum, which is given.
    Under(f64),
    /// One heavy number of the reference.
    Value(f64),
    /// Numbers in `above < x ≤ up_to` that are no heavy value.
    Range {
        /// The excluded lower bound; nothing when unbounded.
        above: Option<f64>,
        /// The included upper bound; nothing when unbounded.
        up_to: Option<f64>,
    },
    /// Numbers above the reference's maximum, which is given.
    Over(f64),
    /// No value.
    Null,
    /// One category.
    Category(String),
    /// Every category that the reference does not name.
    Unseen,
    /// The truth value true.
    True,
    /// The truth value false.
    False,
}

impl From<BinLabel> for Bin {
    fn from(label: BinLabel) -> Self {
        match label {
            BinLabel::Under(minimum) => Self::Under(minimum),
            BinLabel::Value(value) => Self::Value(value),
            BinLabel::Range { above, up_to } => Self::Range { above, up_to },
            BinLabel::Over(maximum) => Self::Over(maximum),
            BinLabel::Null => Self::Null,
            BinLabel::Category(category) => Self::Category(category),
            BinLabel::Unseen => Self::Unseen,
            BinLabel::True => Self::True,
            BinLabel::False => Self::False,
        }
    }
}

/// Instants as the API spells them.
pub fn instant(microseconds: i64) -> String {
    Timestamp(microseconds).to_string()
}
