//! Trust files, in TOML or JSON, with the line where one is wrong.

use crate::failure::Failure;
use crate::files;
use crate::show;
use spanlight::trust::{Trust, TrustedChain, TRUST_VERSION};
use std::fmt::Display;
use std::path::Path;

/// Larger trust files are refused: a council of thousands still fits.
const MOST: usize = 4 << 20;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Toml,
    Json,
}

impl Form {
    /// By the name's ending; files of another name are JSON if `text` begins like it.
    fn of(path: &Path, text: &str) -> Self {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("json") => Self::Json,
            Some("toml") => Self::Toml,
            _ if text.trim_start().starts_with('{') => Self::Json,
            _ => Self::Toml,
        }
    }
}

/// Reads a trust file and checks that it can be used.
pub(crate) fn read(path: &Path) -> Result<Trust, Failure> {
    let text = files::read_text(path, MOST)?;
    // Some editors put a mark (BOM) before a text. The npm package reads over it too.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let name = path.display().to_string();
    parse(text, Form::of(path, text), &name)
}

/// Reads the text of a trust file called `name`.
pub(crate) fn parse(text: &str, form: Form, name: &str) -> Result<Trust, Failure> {
    const HINT: &str = "`spanlight profile --genesis FILE` prints the [[chains]] part of a trust file";
    let trust: Trust = match form {
        Form::Toml => toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |span| line_of(text, span.start));
            Failure::unreadable(format!("{name}: line {line}: {}", e.message())).hint(HINT)
        })?,
        Form::Json => serde_json::from_str(text).map_err(|e| {
            Failure::unreadable(format!("{name}: line {}, column {}: {e}", e.line(), e.column())).hint(HINT)
        })?,
    };
    trust.check().map_err(|e| refused(Path::new(name), &e, e.code()))?;
    Ok(trust)
}

/// A trust file that cannot be used, with what to do.
pub(crate) fn refused(file: &Path, error: &dyn Display, code: &'static str) -> Failure {
    let failure = Failure::unreadable(format!("{}: {error}", file.display())).code(code);
    match show::trust::help(code) {
        Some(help) => failure.hint(help),
        None => failure,
    }
}

/// The trust file for one chain alone.
pub(crate) fn of_chain(chain: TrustedChain) -> Trust {
    Trust { version: TRUST_VERSION, chains: vec![chain], bridge: None, anchoring: None }
}

/// Writes a trust file in the form that its name asks for.
pub(crate) fn write(path: &Path, trust: &Trust) -> Result<(), Failure> {
    let text = match Form::of(path, "") {
        Form::Toml => to_toml(trust)?,
        Form::Json => to_json(trust)?,
    };
    files::write(path, text.as_bytes())
}

/// TOML text of a trust file, or of a part of one.
pub(crate) fn to_toml(value: &impl serde::Serialize) -> Result<String, Failure> {
    toml::to_string_pretty(value).map_err(|e| {
        Failure::unreadable(format!("cannot be written as TOML: {e}"))
            .hint("numbers above 2^63 have no TOML form; use --json")
    })
}

fn to_json(value: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|e| Failure::unreadable(format!("cannot be written as JSON: {e}")))?;
    Ok(format!("{text}\n"))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count().saturating_add(1)
}

/// The chain of this name, or a failure that names those there are.
pub(crate) fn chain<'t>(trust: &'t Trust, name: &str) -> Result<&'t TrustedChain, Failure> {
    trust.chain(name).map_err(|_| {
        Failure::usage(format!("the trust has no chain called `{name}`"))
            .hint(format!("it has: {}", chain_names(trust)))
    })
}

pub(crate) fn chain_names(trust: &Trust) -> String {
    trust.chains.iter().map(|chain| chain.profile.name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_follows_the_ending_and_then_the_content() {
        assert_eq!(Form::of(Path::new("a.json"), "version = 1"), Form::Json);
        assert_eq!(Form::of(Path::new("a.toml"), "{"), Form::Toml);
        assert_eq!(Form::of(Path::new("a"), " \n{}"), Form::Json);
        assert_eq!(Form::of(Path::new("-"), "version = 1"), Form::Toml);
    }

    #[test]
    fn names_the_line_that_is_wrong() {
        let failure =
            parse("version = 1\nchains = []\nchians = 2\n", Form::Toml, "t.toml").map(|_| ()).map_err(|f| f.what);
        assert!(matches!(&failure, Err(what) if what.starts_with("t.toml: line 3:")), "{failure:?}");
        let failure = parse("{\n\"version\": 1,\n\"chains\": 5}", Form::Json, "t.json").map(|_| ()).map_err(|f| f.what);
        assert!(matches!(&failure, Err(what) if what.starts_with("t.json: line 3")), "{failure:?}");
    }

    #[test]
    fn the_fixture_says_the_same_in_both_forms() {
        let [toml, json] = ["toml", "json"].map(|ending| {
            let path = format!("{}/../../tests/fixtures/trust.{ending}", env!("CARGO_MANIFEST_DIR"));
            read(Path::new(&path)).map_err(|failure| failure.what)
        });
        assert!(toml.is_ok());
        assert_eq!(toml, json);
    }
}
