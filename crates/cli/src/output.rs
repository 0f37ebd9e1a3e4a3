//! What a command prints, and how it is printed: nothing here panics when a reader hangs up.

use crate::clock;
use crate::failure::{Exit, Failure};
use crate::show::style;
use serde_json::{json, Value};
use spanlight::report::worst_exit_code;
use spanlight_prover::Finding;
use std::io::Write;
use std::process::ExitCode;

/// The result of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Output {
    /// For the standard output, with styles in it; they are taken out where they do not belong.
    pub(crate) text: String,
    pub(crate) exit: u8,
}

impl Output {
    pub(crate) const fn done(text: String) -> Self {
        Self { text, exit: 0 }
    }

    /// One line of JSON.
    pub(crate) fn json(value: &impl serde::Serialize, exit: u8) -> Result<Self, Failure> {
        let mut text =
            serde_json::to_string(value).map_err(|e| Failure::unreadable(format!("cannot write JSON: {e}")))?;
        text.push('\n');
        Ok(Self { text, exit })
    }

    /// With the exit codes of several things, of which the worst counts.
    pub(crate) fn with_exit(text: String, codes: impl IntoIterator<Item = u8>) -> Self {
        Self { text, exit: worst_exit_code(codes) }
    }
}

/// Prints the output. A reader that wants no more of it (`| head`) is no failure.
pub(crate) fn print(output: &Output) -> ExitCode {
    let mut stdout = anstream::AutoStream::auto(std::io::stdout().lock());
    let _ = stdout.write_all(output.text.as_bytes()).and_then(|()| stdout.flush());
    ExitCode::from(output.exit)
}

/// The argument parser repeats a value that it refuses; one that looks like an address may hold a
/// password.
fn hide_passwords(error: &mut clap::Error) {
    use clap::error::{ContextKind, ContextValue};
    let of_address = matches!(
        error.get(ContextKind::InvalidArg),
        Some(ContextValue::String(name)) if ["--rpc", "--proxy"].iter().any(|option| name.starts_with(option))
    );
    for kind in [ContextKind::InvalidValue, ContextKind::InvalidArg] {
        let Some(ContextValue::String(value)) = error.get(kind) else { continue };
        // Where an address belongs, one that is misspelt is hidden too.
        let is_misspelt = of_address && kind == ContextKind::InvalidValue && value.contains(['/', ':', '@']);
        if value.contains("://") || value.contains('@') || is_misspelt {
            let (name, address) = match value.split_once('=') {
                Some((name, address)) if !name.contains([':', '/']) => (format!("{name}="), address),
                _ => (String::new(), value.as_str()),
            };
            let hidden = format!("{name}{}", spanlight_operator::config::shown(address));
            error.insert(kind, ContextValue::String(hidden));
        }
    }
}

/// Prints what was found of endpoints, beside the result. One refused call is no matter of a user's where the work went on.
pub(crate) fn print_notes(findings: &[Finding]) {
    let mut stderr = anstream::AutoStream::auto(std::io::stderr().lock());
    for note in findings.iter().filter(|finding| !matches!(finding, Finding::Refused { .. })) {
        let _ = writeln!(stderr, "{} {}", style::dim(" note:"), words_of(note));
    }
}

/// The same notes for machines, with the codes of the npm package's.
pub(crate) fn notes_json(chain: &str, findings: &[Finding]) -> Vec<Value> {
    let notes = findings.iter().filter(|finding| !matches!(finding, Finding::Refused { .. }));
    notes.map(|note| json!({ "chain": chain, "code": note.code(), "detail": note.to_string() })).collect()
}

/// A finding in words; times are dates.
fn words_of(finding: &Finding) -> String {
    match finding {
        Finding::StandsStill { chain, head, since } => {
            let date = clock::date(*since);
            format!(
                "{chain} makes no block since {date}, by all its endpoints (newest: {head}): the chain stands still, the \
                 endpoints are behind, or this machine's clock is ahead"
            )
        }
        other => other.to_string(),
    }
}

/// Prints what went wrong and what to do; where JSON was asked for, as JSON too.
pub(crate) fn print_failure(failure: &Failure, json: bool) -> ExitCode {
    if json {
        let mut error = json!({ "message": failure.what, "code": failure.code, "help": failure.hint });
        if let (Some(what), Some(fields)) = (&failure.uncovered, error.as_object_mut()) {
            fields.insert("unsupported".to_owned(), json!(what));
        }
        let _ = writeln!(std::io::stdout(), "{}", json!({ "error": error }));
    }
    let mut stderr = anstream::AutoStream::auto(std::io::stderr().lock());
    let code = failure.code.map(|code| format!(" ({code})")).unwrap_or_default();
    let _ = writeln!(stderr, "{} {}{code}", style::bad("error:"), failure.what);
    if let Some(hint) = &failure.hint {
        let _ = writeln!(stderr, "{} {hint}", style::dim(" help:"));
    }
    ExitCode::from(failure.exit.code())
}

/// Help and version go out with 0; a wrong call is 64, whatever the argument parser's own code is.
pub(crate) fn print_clap(mut error: clap::Error) -> ExitCode {
    hide_passwords(&mut error);
    let _ = error.print();
    let code = if error.use_stderr() { Exit::Usage.code() } else { 0 };
    ExitCode::from(code)
}
