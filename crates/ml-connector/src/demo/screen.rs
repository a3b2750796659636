//! The terminal of the demo: lines on standard output, bars below them on standard error. A story that
//! is told behind another one holds its lines back until it is its turn.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::Mutex;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::failure::{Failure, Result};

/// How often bars are drawn anew, host milliseconds.
const TICK_MILLISECONDS: u64 = 200;
/// What a failure to write lines is about.
const OUTPUT: &str = "standard output";

/// Where all stories of a run write.
pub struct Screen {
    bars: Option<MultiProgress>,
    quiet: bool,
    /// Why nothing can be written any more.
    gone: Mutex<Option<std::io::Error>>,
}

impl Screen {
    /// `quiet`: only the result is wanted.
    #[must_use]
    pub fn new(quiet: bool) -> Screen {
        let drawn = std::io::stderr().is_terminal() && !quiet;
        Screen { bars: drawn.then(MultiProgress::new), quiet, gone: Mutex::new(None) }
    }

    /// Prints a line, unless only the result is wanted.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            self.print(line);
        }
    }

    /// Prints the result.
    pub fn print(&self, text: &str) {
        let write = || writeln!(std::io::stdout().lock(), "{text}");
        let written = match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        };
        if let (Err(error), Ok(mut gone)) = (written, self.gone.lock()) {
            gone.get_or_insert(error);
        }
    }

    /// Fails once nobody reads, or nothing can be written.
    pub fn check(&self) -> Result<()> {
        let gone = self.gone.lock().ok().and_then(|mut gone| gone.take());
        gone.map_or(Ok(()), |error| Err(Failure::file(OUTPUT)(error)))
    }

    /// A bar for the days of a story, with its name before it.
    pub fn bar(&self, name: &str, days: u64) -> Option<ProgressBar> {
        let bars = self.bars.as_ref()?;
        let template = format!("{name:<9} {{bar:20}} day {{pos}}/{{len}} {{elapsed:>4}} {{msg}}");
        let style = ProgressStyle::with_template(&template);
        let bar = bars.add(ProgressBar::new(days));
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(std::time::Duration::from_millis(TICK_MILLISECONDS));
        Some(bar)
    }

    /// Takes the bars off the terminal while a person types, and gives them back.
    pub fn rest(&self, rests: bool) {
        let Some(bars) = &self.bars else { return };
        if rests {
            // A terminal that can not be drawn on has no bars to take off.
            let _ = bars.clear();
            bars.set_draw_target(ProgressDrawTarget::hidden());
        } else {
            bars.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.rest(true);
    }
}

/// Whether the reader of standard output went away, like `head` does: no failure of ours.
#[must_use]
pub fn is_reader_gone(failure: &Failure) -> bool {
    matches!(failure, Failure::File { what, error }
        if what == OUTPUT && error.kind() == ErrorKind::BrokenPipe)
}
