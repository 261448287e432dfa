//! One progress line for long work when the error output is a terminal, and silence otherwise.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// A progress line; dropping it clears it.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A line for `total` steps (rows or bytes), or for an unknown number of them.
    pub fn start(label: &str, total: Option<u64>, quiet: bool) -> Self {
        let bar = match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::no_length(),
        };
        if quiet || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        } else {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        }
        let template = match total {
            Some(_) => "{msg:24} {bar:30} {percent:>3}%  {human_pos}/{human_len}  {eta} left",
            None => "{msg:24} {spinner} {human_pos}  {elapsed}",
        };
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(label.to_owned());
        Self { bar }
    }

    /// Steps done since the last call.
    pub fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }

    /// Names what is being done now.
    pub fn label(&self, label: &str) {
        self.bar.set_message(label.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
