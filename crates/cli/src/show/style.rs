//! The few styles there are. Whether they reach the terminal is decided where text is printed (`NO_COLOR`, pipes).

use anstyle::{AnsiColor, Style};

/// What a word is coloured by: never the only sign of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Open,
}

pub(crate) fn toned(tone: Tone, text: &str) -> String {
    let colour = match tone {
        Tone::Good => AnsiColor::Green,
        Tone::Bad => AnsiColor::Red,
        Tone::Open => AnsiColor::Yellow,
    };
    paint(colour.on_default().bold(), text)
}

pub(crate) fn bad(text: &str) -> String {
    toned(Tone::Bad, text)
}

pub(crate) fn bold(text: &str) -> String {
    paint(Style::new().bold(), text)
}

pub(crate) fn dim(text: &str) -> String {
    paint(Style::new().dimmed(), text)
}

fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
