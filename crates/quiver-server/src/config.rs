//! What a server is told: addresses, limits and intervals as people write them, with their defaults; it starts nothing.

mod check;
mod environment;
mod read;
#[cfg(test)]
mod tests;
mod values;

pub use environment::{Override, overrides_of_environment};
pub use read::{
    Effective, Setting, Source, effective_config, parse_config, read_config, server_reference, server_schema,
};
pub use values::{Address, DiskMark, RateLimit};

use quiver_event::units::{Bytes, Duration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The command that makes the first key, for whoever is refused without one.
pub const KEY_COMMAND: &str = "quiver key create --name NAME --scope ingest";

/// How one server runs. Every key has a default, so that an empty file is a server for this machine alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "Quiver server")]
pub struct ServerConfig {
    /// Where journal, tables, keys and catalogue are kept. One server at a time.
    pub data_folder: PathBuf,
    /// What time it is for windows and watermarks.
    pub clock: Clock,
    /// Spec files, or folders of which every `.yaml` and `.yml` file is a spec.
    pub specs: Vec<PathBuf>,
    /// Events, answers and pages over HTTP.
    pub http: HttpConfig,
    /// Traces and logs of OpenTelemetry. Without this key nothing listens for them; `{}` listens on both addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otlp: Option<OtlpConfig>,
    /// What is taken in, and how it is made durable.
    pub ingest: IngestConfig,
    /// When the disk is too full to take more in.
    pub disk: DiskConfig,
    /// How often events become segments, profiles and findings.
    pub flow: FlowConfig,
    /// How often what is too old goes. How long it is kept is said by each model's spec.
    pub retention: RetentionConfig,
    /// Who may do what.
    pub auth: AuthConfig,
    /// What the server says of itself, on its error output. Never a payload.
    pub log: LogConfig,
}

/// Where the time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The machine's clock.
    Wall,
    /// The newest event: history runs through the server as fast as it comes, and its windows close by its own time.
    Replay,
}

/// The HTTP listener and what it allows a client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// The address and port to listen on. Port 0 takes a free one.
    pub listen: Address,
    /// The names in a request's `Host` that are answered, without port; `*` is any name. Empty: the names of this
    /// machine's loopback and the listen address.
    pub hosts: Vec<String>,
    /// The certificate and key with which HTTPS is spoken. Without this key it is plain HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
    /// The largest body of a request, as it comes over the wire.
    pub body_limit: Bytes,
    /// The largest body of a request after decompression.
    pub decoded_limit: Bytes,
    /// How long a request may take, from its first byte to its answer.
    pub request_timeout: Duration,
    /// How long a client may take to send the head of a request.
    pub header_timeout: Duration,
    /// The most connections at a time; later ones wait.
    pub max_connections: u32,
    /// How long requests in progress may go on after the signal to stop.
    pub drain: Duration,
}

/// Files in PEM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate, followed by those between it and the root.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// The listeners for OTLP. Certificate, keys and limits are those of `http`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OtlpConfig {
    /// The address of OTLP over HTTP (protobuf and JSON). `null` turns it off.
    pub http: Option<Address>,
    /// The address of OTLP over gRPC. `null` turns it off.
    pub grpc: Option<Address>,
}

/// The way of an event from its request to the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct IngestConfig {
    /// Bytes of events that may wait for the journal; beyond it requests are refused with 429 or 503 and `Retry-After`.
    pub queue: Bytes,
    /// How events that are sent again are known.
    pub deduplication: DeduplicationConfig,
    /// How far ahead of the server's clock the time of an event may lie.
    pub max_clock_skew: Duration,
    /// The most events of one request.
    pub events_per_request: u32,
    /// Requests a second of each key, or of each client address where no key is needed: `none`, or such as
    /// `500 per second`.
    pub rate_limit: RateLimit,
    /// The longest file of dead letters: when, which model, why, and the types of the values of each refused event,
    /// never the values. The file before the current one is kept, too. `0B` keeps none.
    pub dead_letters: Bytes,
}

/// The memory of event ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeduplicationConfig {
    /// How long after an event was accepted the same event counts as sent again.
    pub horizon: Duration,
    /// Bytes of memory for the ids. Where they do not suffice for the horizon, the oldest are forgotten, and counted.
    pub memory: Bytes,
}

/// The free space that the data folder's disk must have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiskConfig {
    /// Free space below which the server only answers queries, as a size or as a share of the disk such as `5%`; it
    /// takes events in again by itself once there is more.
    pub read_only_below: DiskMark,
}

/// From the journal to findings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FlowConfig {
    /// How long events wait at most before they are written to the tables.
    pub flush_every: Duration,
    /// So many waiting events are written without waiting longer.
    pub flush_rows: u32,
    /// How often the windows that got new events are judged.
    pub judge_every: Duration,
    /// When events have waited for the tables so much longer than `flush_every`, fewer requests are worked on at a time
    /// and more are refused, so that the tables catch up.
    pub slow_down_after: Duration,
}

/// The job that removes what is too old.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// How often it runs; sooner where many files were written since.
    pub every: Duration,
    /// How old a file that no table names must be before it is removed; longer than any flush may take.
    pub orphans_after: Duration,
    /// How often every file of the tables is read again; one that is not what was written is set aside and counted.
    pub verify_every: Duration,
}

/// Keys of the API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// Whether a request needs a key.
    pub keys: KeyRule,
}

/// When a request needs a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyRule {
    /// Where other machines can reach the listener; not on loopback.
    Auto,
    /// Always.
    Required,
    /// Never. Refused where other machines can reach a listener.
    Off,
}

/// The server's own log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// The form of a line.
    pub format: LogFormat,
    /// The least weighty lines that are written.
    pub level: LogLevel,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// How weighty a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What somebody must look at.
    Error,
    /// What may become an error.
    Warn,
    /// What happened.
    Info,
    /// Every request.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The level as it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl ServerConfig {
    /// The addresses that the server listens on, each with its key in this config.
    pub fn listeners(&self) -> Vec<(&'static str, Address)> {
        let otlp = self.otlp.iter().flat_map(|otlp| [("/otlp/http", otlp.http), ("/otlp/grpc", otlp.grpc)]);
        let otlp = otlp.filter_map(|(pointer, address)| Some((pointer, address?)));
        [("/http/listen", self.http.listen)].into_iter().chain(otlp).collect()
    }
}

impl HttpConfig {
    /// The names that may stand in `Host`, in lower case and without port; `None` is any name.
    pub fn allowed_hosts(&self) -> Option<Vec<String>> {
        if self.hosts.iter().any(|host| host == "*") {
            return None;
        }
        if !self.hosts.is_empty() {
            return Some(self.hosts.iter().map(|host| host.to_lowercase()).collect());
        }
        let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "[::1]"].map(ToOwned::to_owned).into();
        let own = self.listen.host();
        if !hosts.contains(&own) {
            hosts.push(own);
        }
        Some(hosts)
    }
}

impl KeyRule {
    /// Whether a request on a listener of this address needs a key.
    pub fn requires_key(self, listener: Address) -> bool {
        match self {
            Self::Auto => !listener.is_loopback(),
            Self::Required => true,
            Self::Off => false,
        }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            data_folder: PathBuf::from("quiver-data"),
            clock: Clock::Wall,
            specs: Vec::new(),
            http: HttpConfig::default(),
            otlp: None,
            ingest: IngestConfig::default(),
            disk: DiskConfig::default(),
            flow: FlowConfig::default(),
            retention: RetentionConfig::default(),
            auth: AuthConfig { keys: KeyRule::Auto },
            log: LogConfig { format: LogFormat::Json, level: LogLevel::Info },
        }
    }
}

const MIB: u64 = 1 << 20;

const fn seconds(seconds: i64) -> Duration {
    Duration::from_microseconds(seconds * 1_000_000)
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: Address::loopback(8600),
            hosts: Vec::new(),
            tls: None,
            body_limit: Bytes::new(20 * MIB),
            decoded_limit: Bytes::new(64 * MIB),
            request_timeout: seconds(30),
            header_timeout: seconds(10),
            max_connections: 1024,
            drain: seconds(20),
        }
    }
}

impl Default for OtlpConfig {
    fn default() -> Self {
        // The ports that every OpenTelemetry SDK sends to when it is told nothing.
        Self { http: Some(Address::loopback(4318)), grpc: Some(Address::loopback(4317)) }
    }
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            queue: Bytes::new(256 * MIB),
            deduplication: DeduplicationConfig::default(),
            max_clock_skew: seconds(600),
            events_per_request: 100_000,
            rate_limit: RateLimit::default(),
            dead_letters: Bytes::new(16 * MIB),
        }
    }
}

impl Default for DeduplicationConfig {
    fn default() -> Self {
        Self { horizon: seconds(3600), memory: Bytes::new(256 * MIB) }
    }
}

impl Default for DiskConfig {
    fn default() -> Self {
        Self { read_only_below: DiskMark::Free(Bytes::new(1024 * MIB)) }
    }
}

impl Default for FlowConfig {
    fn default() -> Self {
        Self { flush_every: seconds(10), flush_rows: 200_000, judge_every: seconds(60), slow_down_after: seconds(30) }
    }
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { every: seconds(3600), orphans_after: seconds(600), verify_every: seconds(86_400) }
    }
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { keys: KeyRule::Auto }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Json, level: LogLevel::Info }
    }
}
