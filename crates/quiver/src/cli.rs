//! The command line: what can be asked for, with examples; it does nothing itself.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Watches every arrow of a production model: Data → Features → Inference → Decision, and Feedback → Update.
#[derive(Debug, Parser)]
#[command(name = "quiver", version, propagate_version = true, arg_required_else_help = true, after_help = FIRST_STEPS)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// Print results only: no progress, no notes.
    #[arg(long, short, global = true)]
    pub quiet: bool,

    /// When to use colours. `auto` also respects NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,
}

const FIRST_STEPS: &str = "\
First steps:
  quiver demo                             a year of real flights, and what broke when
  quiver init predictions.parquet         write a spec from your own log
  quiver check new.parquet --spec m.yaml  judge a file in CI (exit 0 good, 1 a check failed, 2 usage)

Exit codes: 0 ok, 1 a check failed, 2 wrong usage or unusable input.";

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// When the output is a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replay a year of real flights and say what broke, since when, and why.
    #[command(after_help = "\
Examples:
  quiver demo
  quiver demo --live                                  watch the year go by on the server's pages
  quiver demo --data log.parquet --spec model.yaml    the same story, told of your own log")]
    Demo(DemoArgs),
    /// Write a spec from data: types, ranges, categories, likely roles, and targets from its healthy period.
    #[command(after_help = "\
Examples:
  quiver init predictions.parquet                     print the spec
  quiver init jan.csv feb.csv --output model.yaml     write it to a file")]
    Init(InitArgs),
    /// Check specs, or print what a spec may hold.
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Examples:
  quiver spec check model.yaml
  quiver spec schema > quiver-spec.schema.json"
    )]
    Spec(SpecCommand),
    /// Summarise the columns of data: counts, distribution, distinct values, quantiles.
    #[command(after_help = "\
Examples:
  quiver profile data.parquet                          a table for people
  quiver profile data.parquet --json | jq .columns[0]  for scripts
  quiver profile ref.parquet --freeze --output ref.profile   a reference for `quiver compare`")]
    Profile(ProfileArgs),
    /// Compare two data sets, column by column.
    #[command(after_help = "\
Examples:
  quiver compare january.parquet june.parquet
  quiver compare ref.profile june.csv --html drift.html
  quiver compare a.parquet b.parquet --convention evidently-0.7")]
    Compare(CompareArgs),
    /// Judge data against a spec, for CI: exit 0 when all promises hold, 1 when one is broken.
    #[command(after_help = "\
Examples:
  quiver check today.parquet --spec model.yaml --reference training.parquet
  quiver check log.parquet --spec model.yaml --junit report.xml")]
    Check(CheckArgs),
    /// Put a log through the real path: journal, tables, profiles, findings.
    #[command(after_help = "\
Examples:
  quiver replay log.parquet --spec model.yaml
  quiver replay events.ndjson --spec model.yaml --data-folder /var/lib/quiver

A replay that was interrupted goes on where it stopped; nothing is counted twice.")]
    Replay(ReplayArgs),
    /// Show a model's four arrows from a data folder, and what broke first.
    #[command(after_help = "\
Examples:
  quiver report flight-delay
  quiver report flight-delay --by week --html report.html")]
    Report(ReportArgs),
    /// Run the server: it takes events in, keeps them, and turns them into findings on time.
    #[command(after_help = "\
Examples:
  quiver serve --spec model.yaml                       on http://127.0.0.1:8600, data in ./quiver-data
  quiver serve --config quiver.yaml --otlp             with a config file; OTLP on ports 4317 and 4318
  QUIVER_HTTP__LISTEN=127.0.0.1:9000 quiver serve      any key of the config by the environment

Stops on SIGTERM and SIGINT after the open requests; reads the specs again on SIGHUP.")]
    Serve(ServeArgs),
    /// Follow a growing file of events, one JSON object a line, and send each event to a server once.
    #[command(after_help = "\
Examples:
  quiver tail events.ndjson
  quiver tail events.ndjson --url https://quiver.example --key-file key.txt
  quiver tail events.ndjson --once                     send what is there, then end")]
    Tail(TailArgs),
    /// Ask a running server how it is; exit 0 when it takes events, 1 when not.
    #[command(after_help = "Example:\n  quiver status --url http://127.0.0.1:8600")]
    Status(StatusArgs),
    /// Make, list and revoke API keys; rotate the key of pseudonyms.
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Examples:
  quiver key create --name checkout-service --scope ingest
  quiver key list
  quiver key revoke 1f2e3d4c"
    )]
    Key(KeyCommand),
    /// Check a server's config, show what it comes to, or print what it may hold.
    #[command(
        subcommand,
        arg_required_else_help = true,
        after_help = "\
Examples:
  quiver config check quiver.yaml
  quiver config show --config quiver.yaml
  quiver config schema > quiver-server.schema.json"
    )]
    Config(ConfigCommand),
    /// Print a shell completion script.
    #[command(after_help = "Example:\n  quiver completions bash > /etc/bash_completion.d/quiver")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print a generated document (used by `make generate`).
    #[command(hide = true)]
    Generate {
        /// The document.
        document: Document,
    },
}

/// The documents that are generated from the code.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Document {
    /// The JSON Schema of the spec.
    SpecSchema,
    /// The reference of the spec's keys.
    SpecReference,
    /// The JSON Schema of the server's config.
    ServerSchema,
    /// The reference of the server's config.
    ServerReference,
    /// The reference of the command line.
    CliReference,
    /// The OpenAPI document of the server.
    Openapi,
}

/// Arguments of `quiver demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where to keep the demo's journal, tables and report; made anew each time.
    #[arg(long, value_name = "FOLDER", default_value = "quiver-demo")]
    pub data_folder: PathBuf,
    /// Tell the story of other data than the flights that the binary holds.
    #[arg(long, value_name = "FILE", requires = "spec")]
    pub data: Option<PathBuf>,
    /// The spec of that other data.
    #[arg(long, value_name = "FILE")]
    pub spec: Option<PathBuf>,
    /// Start the server and replay the data into it while you watch its pages; Ctrl-C ends it.
    #[arg(long)]
    pub live: bool,
    /// How much event time passes a second in a live demo, once the known-good period is over, such as `12h`.
    #[arg(long, value_name = "DURATION", default_value = "2d", requires = "live")]
    pub speed: String,
    /// The address of the live demo's pages.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8600", requires = "live")]
    pub listen: String,
    /// Do not open a browser at the live demo's page.
    #[arg(long, requires = "live")]
    pub no_browser: bool,
}

/// Arguments of `quiver init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Parquet, CSV or NDJSON files with one row a prediction.
    #[arg(required = true, value_name = "DATA")]
    pub data: Vec<PathBuf>,
    /// Write the spec here instead of to the output; an existing file is kept unless --force.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The model's name. Default: the first file's name.
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Overwrite an existing file.
    #[arg(long)]
    pub force: bool,
}

/// Commands on specs.
#[derive(Debug, Subcommand)]
pub enum SpecCommand {
    /// Check specs and show every mistake at once, each with its line and the nearest valid word.
    #[command(after_help = "\
Examples:
  quiver spec check model.yaml
  quiver spec check specs/*.yaml
  quiver spec check model.yaml --data log.parquet   also: does the reference keep the targets?")]
    Check {
        /// The spec files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// A log that holds the reference period: a target that the reference already fails is a mistake.
        #[arg(long, value_name = "FILE")]
        data: Vec<PathBuf>,
    },
    /// Print the JSON Schema, for editors.
    #[command(after_help = "Example:\n  quiver spec schema > quiver-spec.schema.json")]
    Schema,
}

/// Commands on the server's config.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check config files and show every mistake at once, each with its line and the nearest valid word.
    #[command(after_help = "\
Examples:
  quiver config check quiver.yaml
  quiver config check deploy/*.yaml")]
    Check {
        /// The config files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Print the JSON Schema, for editors.
    #[command(after_help = "Example:\n  quiver config schema > quiver-server.schema.json")]
    Schema,
    /// Show every value of the config and where it came from: environment, file or default.
    #[command(after_help = "\
Examples:
  quiver config show                             the defaults and the environment
  quiver config show --config quiver.yaml
  QUIVER_HTTP__LISTEN=127.0.0.1:9000 quiver config show")]
    Show {
        /// The config file.
        #[arg(long, value_name = "FILE", env = "QUIVER_CONFIG")]
        config: Option<PathBuf>,
    },
}

/// Arguments of `quiver profile`.
#[derive(Debug, Args)]
pub struct ProfileArgs {
    /// Parquet, CSV or NDJSON files; several are profiled as one.
    #[arg(required = true, value_name = "DATA")]
    pub data: Vec<PathBuf>,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Also write a mergeable profile file.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Read the data twice: freeze bin edges from it and count it on them, so that it can be a reference.
    #[arg(long)]
    pub freeze: bool,
    /// Only these columns.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// How many threads read and count. Default: all processors.
    #[arg(long, value_name = "NUMBER")]
    pub threads: Option<std::num::NonZeroUsize>,
}

/// Whose convention the distances follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ConventionChoice {
    /// Quiver's: frozen reference edges, heavy values, missingness counts.
    Quiver,
    /// Evidently 0.7.
    #[value(name = "evidently-0.7")]
    Evidently,
    /// NannyML 0.13.
    #[value(name = "nannyml-0.13")]
    Nannyml,
    /// TensorFlow Data Validation 1.16.
    #[value(name = "tfdv-1.16")]
    Tfdv,
}

/// Arguments of `quiver compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Known-good data, or a profile file of it.
    pub reference: PathBuf,
    /// The data to compare with it, or a profile file that was counted on the reference's edges.
    pub current: PathBuf,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Also write one self-contained HTML report.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Whose convention the distances follow.
    #[arg(long, value_name = "NAME", default_value = "quiver")]
    pub convention: ConventionChoice,
    /// Only these columns.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// Exit with 1 when a column drifted.
    #[arg(long)]
    pub fail_on_drift: bool,
    /// How many threads read and count. Default: all processors.
    #[arg(long, value_name = "NUMBER")]
    pub threads: Option<std::num::NonZeroUsize>,
}

/// Arguments of `quiver check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Parquet, CSV or NDJSON files.
    #[arg(required = true, value_name = "DATA")]
    pub data: Vec<PathBuf>,
    /// The spec.
    #[arg(long, value_name = "FILE")]
    pub spec: PathBuf,
    /// Known-good data. Default: the spec's reference period within DATA.
    #[arg(long, value_name = "FILE")]
    pub reference: Option<PathBuf>,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Also write a JUnit report.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Judge DATA in windows of this length. Default: all of it as one window.
    #[arg(long, value_name = "LENGTH")]
    pub by: Option<String>,
    /// Exit with 1 on drift as well, not only on broken promises.
    #[arg(long)]
    pub fail_on_drift: bool,
}

/// Arguments of `quiver replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Event lines (NDJSON), or tabular files that the spec's `columns` map to events.
    #[arg(required = true, value_name = "DATA")]
    pub data: Vec<PathBuf>,
    /// The spec.
    #[arg(long, value_name = "FILE")]
    pub spec: PathBuf,
    /// Where journal, tables and catalogue are kept.
    #[arg(long, value_name = "FOLDER", default_value = "quiver-data", env = "QUIVER_DATA_FOLDER")]
    pub data_folder: PathBuf,
}

/// Arguments of `quiver report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The model.
    pub model: String,
    /// Where journal, tables and catalogue are kept.
    #[arg(long, value_name = "FOLDER", default_value = "quiver-data", env = "QUIVER_DATA_FOLDER")]
    pub data_folder: PathBuf,
    /// The length of the periods shown: 1d, 1w or 1mo (also day, week, month).
    #[arg(long, value_name = "LENGTH", default_value = "month")]
    pub by: String,
    /// Also write one self-contained HTML report.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print JSON instead of tables.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `quiver serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The config file; `quiver config check` checks it.
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where journal, tables and catalogue are kept. Default: QUIVER_DATA_FOLDER, the config's, or quiver-data.
    #[arg(long, value_name = "FOLDER")]
    pub data_folder: Option<PathBuf>,
    /// Where the API listens; port 0 takes a free one. Default: the config's, or 127.0.0.1:8600.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Spec files, or folders of them. Models that the data folder knows keep their specs.
    #[arg(long, value_name = "FILE")]
    pub spec: Vec<PathBuf>,
    /// Take OpenTelemetry on 127.0.0.1:4318 (HTTP) and 127.0.0.1:4317 (gRPC).
    #[arg(long)]
    pub otlp: bool,
    /// Let the events' own times drive the clock, to replay a past period.
    #[arg(long)]
    pub replay_clock: bool,
    /// Write the base URL here once events are taken, for scripts.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

/// How a server is reached.
#[derive(Debug, Args)]
pub struct Reach {
    /// The server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8600", env = "QUIVER_URL")]
    pub url: String,
    /// A file that holds an API key. Default: the variable QUIVER_KEY.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// Arguments of `quiver tail`.
#[derive(Debug, Args)]
pub struct TailArgs {
    /// The file. Where it was read to is kept beside it, as FILE.quiver-position.
    pub file: PathBuf,
    /// How the server is reached.
    #[command(flatten)]
    pub reach: Reach,
    /// Send what is there, then end.
    #[arg(long)]
    pub once: bool,
}

/// Arguments of `quiver status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// How the server is reached.
    #[command(flatten)]
    pub reach: Reach,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScopeChoice {
    /// Send events.
    Ingest,
    /// Read models, findings, status and metrics.
    Read,
    /// Put specs, run stages; includes reading.
    Operate,
    /// Everything.
    Admin,
}

impl ScopeChoice {
    /// The scope itself.
    pub fn scope(self) -> quiver_server::api_key::Scope {
        use quiver_server::api_key::Scope;
        match self {
            Self::Ingest => Scope::Ingest,
            Self::Read => Scope::Read,
            Self::Operate => Scope::Operate,
            Self::Admin => Scope::Admin,
        }
    }
}

/// Commands on keys.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key and print it, this once.
    #[command(after_help = "Example:\n  quiver key create --name checkout-service --scope ingest --expires 90d")]
    Create {
        /// Who or what uses it.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// What it may be used for; several are allowed.
        #[arg(long, value_name = "SCOPE", required = true, value_delimiter = ',')]
        scope: Vec<ScopeChoice>,
        /// How long it is valid, such as 90d. Default: until it is revoked.
        #[arg(long, value_name = "DURATION")]
        expires: Option<String>,
        /// The server's data folder.
        #[arg(long, value_name = "FOLDER", default_value = "quiver-data", env = "QUIVER_DATA_FOLDER")]
        data_folder: PathBuf,
    },
    /// List the keys; never their secrets.
    #[command(after_help = "Example:\n  quiver key list --json")]
    List {
        /// Print JSON instead of a table.
        #[arg(long)]
        json: bool,
        /// The server's data folder.
        #[arg(long, value_name = "FOLDER", default_value = "quiver-data", env = "QUIVER_DATA_FOLDER")]
        data_folder: PathBuf,
    },
    /// Revoke a key.
    #[command(after_help = "Example:\n  quiver key revoke 1f2e3d4c")]
    Revoke {
        /// The id, as `quiver key list` shows it.
        id: String,
        /// The server's data folder.
        #[arg(long, value_name = "FOLDER", default_value = "quiver-data", env = "QUIVER_DATA_FOLDER")]
        data_folder: PathBuf,
    },
    /// Make pseudonyms of subjects with a new secret key from the next start on; earlier ones are still found.
    #[command(after_help = "Example:\n  quiver key rotate-pseudonyms")]
    RotatePseudonyms {
        /// The server's data folder.
        #[arg(long, value_name = "FOLDER", default_value = "quiver-data", env = "QUIVER_DATA_FOLDER")]
        data_folder: PathBuf,
    },
}
