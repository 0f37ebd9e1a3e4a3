//! Passwords, from where the configuration says.

use super::{private, KeyError};
use crate::config::{credential, Secret};
use std::io::{BufRead, IsTerminal, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Longest password that is read.
const MOST: u64 = 4096;
/// Guesses that a password must stand: ten to this power. Each costs about a second.
const LEAST_GUESSES: f64 = 8.0;

/// Reads a password; a line feed at its end is not part of it.
///
/// # Errors
/// Where the file, descriptor or person gives none.
pub fn read(secret: &Secret) -> Result<Zeroizing<String>, KeyError> {
    let mut text = match secret {
        Secret::File(path) => of_file(path)?,
        Secret::Credential(name) => all_of(&credential::file(name).map_err(KeyError::Secret)?)?,
        Secret::Fd(number) => all_of(Path::new(&format!("/dev/fd/{number}")))?,
        Secret::Prompt(words) => ask(words)?,
    };
    let kept = text.trim_end_matches(['\n', '\r']).len();
    text.truncate(kept);
    if text.is_empty() {
        return Err(KeyError::Secret(format!("{} is empty", place(secret))));
    }
    Ok(text)
}

/// Where it should have come from, in words.
fn place(secret: &Secret) -> String {
    match secret {
        Secret::File(path) => path.display().to_string(),
        Secret::Credential(name) => format!("the credential `{name}`"),
        Secret::Fd(number) => format!("file descriptor {number}"),
        Secret::Prompt(words) => format!("what was typed for `{words}`"),
    }
}

fn failed(path: &Path, reason: impl ToString) -> KeyError {
    KeyError::Secret(format!("{}: {}", path.display(), reason.to_string()))
}

/// A file that somebody keeps on a disk, so its mode counts.
fn of_file(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let place = credential::located(path).map_err(KeyError::Secret)?;
    if !credential::is_one(path) {
        if let Some(reason) = private::others_read(&place).map_err(|error| failed(path, error))? {
            return Err(failed(path, reason));
        }
    }
    all_of(&place)
}

/// A descriptor is opened through its name too, which needs no unsafe code.
fn all_of(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let file = std::fs::File::open(path).map_err(|error| failed(path, error))?;
    let mut text = Zeroizing::new(String::new());
    file.take(MOST).read_to_string(&mut text).map_err(|error| failed(path, error))?;
    Ok(text)
}

/// Asks a person, without showing what is typed; without a terminal, takes the next line of the
/// standard input.
fn ask(words: &str) -> Result<Zeroizing<String>, KeyError> {
    let failed = |error: std::io::Error| KeyError::Secret(format!("{words}: {error}"));
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password(format!("{words}: ")).map(Zeroizing::new).map_err(failed);
    }
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().lock().take(MOST).read_line(&mut line).map_err(failed)?;
    Ok(line)
}

/// Refuses a password that is guessed soon, although each guess costs a second: whoever copies a
/// key file may guess for years.
///
/// # Errors
/// In words, which do not repeat it.
pub fn stands_guessing(password: &str) -> Result<(), KeyError> {
    let found = zxcvbn::zxcvbn(password, &[]);
    if found.guesses_log10() >= LEAST_GUESSES {
        return Ok(());
    }
    let advice = found.feedback().and_then(zxcvbn::feedback::Feedback::warning);
    let advice = advice.map_or_else(String::new, |warning| format!(" {warning}"));
    Err(KeyError::WeakPassword(format!("about ten to the {:.0} guesses find it.{advice}", found.guesses_log10())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_password_is_told_with_the_file_it_should_be_in() {
        let path = std::env::temp_dir().join(format!("spanlight-empty-{}.password", std::process::id()));
        let _ = std::fs::remove_file(&path);
        private::write_new(&path, b"\n").unwrap();
        let error = read(&Secret::File(path.clone())).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains(&path.display().to_string()) && error.ends_with("is empty"), "{error}");
    }

    #[test]
    fn weak_passwords_are_refused_without_being_repeated() {
        for weak in
            ["", "letmein", "hunter2", "Passw0rd!", "12345678901234567890", "aaaaaaaaaaaaaaaaaaaaaaaa", "qwertyuiop"]
        {
            let error = stands_guessing(weak).unwrap_err().to_string();
            assert!(weak.is_empty() || !error.contains(weak), "{error}");
        }
        for strong in ["correct horse battery staple", "v9#Kq2!xTz7p", "seven grey boats drift past the old mill"] {
            assert!(stands_guessing(strong).is_ok(), "{strong}");
        }
    }
}
