//! The `quiver` binary: reads the command line, runs one command, and turns its result into words and an exit code.

mod cli;
mod command;
mod show;

use clap::Parser;
use cli::{Cli, Command};
use command::{Context, Outcome};
use std::io::Write;
use std::process::ExitCode;

/// Events are thousands of small texts that live for a moment: the system's allocator took a sixth of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    show::paint::choose(cli.color);
    let context = Context { quiet: cli.quiet };
    let result = match cli.command {
        Command::Demo(args) => command::demo::run(&args, context),
        Command::Init(args) => command::init::run(&args, context),
        Command::Spec(command) => command::spec::run(&command, context),
        Command::Profile(args) => command::profile::run(&args, context),
        Command::Compare(args) => command::compare::run(&args, context),
        Command::Check(args) => command::check::run(&args, context),
        Command::Replay(args) => command::replay::run(&args, context),
        Command::Report(args) => command::report::run(&args, context),
        Command::Serve(args) => command::serve::run(&args, context),
        Command::Tail(args) => command::tail::run(&args, context),
        Command::Status(args) => command::status::run(&args, context),
        Command::Key(command) => command::key::run(&command, context),
        Command::Config(command) => command::config::run(&command),
        Command::Completions { shell } => command::generate::completions(shell),
        Command::Generate { document } => command::generate::document(document),
    };
    match result {
        Ok(Outcome::Passed) => ExitCode::SUCCESS,
        Ok(Outcome::CheckFailed) => ExitCode::from(1),
        // A reader that went away (`quiver profile … | head`) is no failure.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(anstream::stderr(), "quiver: {}", describe(&error));
            ExitCode::from(2)
        }
    }
}

/// The error with its causes, each once: many libraries repeat the source in their own message.
fn describe(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
