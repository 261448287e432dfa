//! `quiver completions` and `quiver generate`: documents made from the code.

use super::{Outcome, print};
use crate::cli::{Cli, Document};
use anyhow::Result;
use clap::CommandFactory;

/// Prints a completion script.
pub fn completions(shell: clap_complete::Shell) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "quiver", &mut script);
    print(String::from_utf8(script)?.trim_end())?;
    Ok(Outcome::Passed)
}

/// Prints a generated document.
pub fn document(document: Document) -> Result<Outcome> {
    let text = match document {
        Document::SpecSchema => serde_json::to_string_pretty(&quiver_door::spec_file::spec_schema())?,
        Document::SpecReference => quiver_door::spec_file::spec_reference(),
        Document::ServerSchema => serde_json::to_string_pretty(&quiver_server::config::server_schema())?,
        Document::ServerReference => quiver_server::config::server_reference(),
        Document::Openapi => serde_json::to_string_pretty(&quiver_server::http::document())?,
        Document::CliReference => {
            let options = clap_markdown::MarkdownOptions::new().title("The commands".to_owned()).show_footer(false);
            clap_markdown::help_markdown_custom::<Cli>(&options)
        }
    };
    print(text.trim_end())?;
    Ok(Outcome::Passed)
}
