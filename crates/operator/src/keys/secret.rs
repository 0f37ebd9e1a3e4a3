//! Passwords, from where the configuration says.

use super::KeyError;
use crate::config::Secret;
use std::io::Read;
use zeroize::Zeroizing;

/// Longest password that is read.
const MOST: u64 = 4096;

/// Reads a password; a line feed at its end is not part of it.
///
/// # Errors
/// Where the variable is not set or the descriptor cannot be read.
pub fn read(secret: &Secret) -> Result<Zeroizing<String>, KeyError> {
    let mut text = match secret {
        Secret::Env(name) => Zeroizing::new(
            std::env::var(name).map_err(|_| KeyError::Secret(format!("environment variable {name} is not set")))?,
        ),
        Secret::Fd(number) => read_descriptor(*number)?,
    };
    let kept = text.trim_end_matches(['\n', '\r']).len();
    text.truncate(kept);
    if text.is_empty() {
        return Err(KeyError::Secret("it is empty".to_owned()));
    }
    Ok(text)
}

/// A descriptor is opened through its name, which needs no unsafe code.
fn read_descriptor(number: i32) -> Result<Zeroizing<String>, KeyError> {
    let failed = |error: std::io::Error| KeyError::Secret(format!("file descriptor {number}: {error}"));
    let file = std::fs::File::open(format!("/dev/fd/{number}")).map_err(failed)?;
    let mut text = Zeroizing::new(String::new());
    file.take(MOST).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}
