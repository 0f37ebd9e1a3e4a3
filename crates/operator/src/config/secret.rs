//! Where a password comes from: never from the configuration itself, and never from the
//! environment, which every process of the same user can read and which is handed on to every
//! program that is started.

use super::credential;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a password comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A file that only its owner can read.
    File(PathBuf),
    /// A credential that the service manager hands over.
    Credential(String),
    /// An open file descriptor, read to its end.
    Fd(i32),
    /// A person, asked for it by these words on the terminal; without one, a line of the standard
    /// input.
    Prompt(String),
}

impl Secret {
    /// As a configuration in `base` means it.
    pub(super) fn resolved(&mut self, base: &Path) {
        if let Self::File(path) = self {
            *path = credential::resolved(base, path);
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Place)
    }
}

/// Written by hand so that no refusal repeats what somebody wrote here by mistake: it may be a password.
struct Place;

const HOW: &str = "write { file = \"FILE\" }, { credential = \"NAME\" }, { fd = NUMBER } or { prompt = \"WORDS\" }: \
    a password never stands in the configuration";
const NO_ENVIRONMENT: &str =
    "passwords come from the environment no more, where other programs read them: write it to a file \
    of mode 600 and say { file = \"FILE\" }, or hand it over by systemd and say { credential = \"NAME\" }";

impl<'de> Visitor<'de> for Place {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HOW)
    }

    fn visit_str<E: Error>(self, _text: &str) -> Result<Secret, E> {
        Err(E::custom(HOW))
    }

    fn visit_i64<E: Error>(self, _number: i64) -> Result<Secret, E> {
        Err(E::custom(HOW))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
        let secret = match map.next_key::<String>()?.as_deref() {
            Some("file") => Secret::File(map.next_value()?),
            Some("credential") => Secret::Credential(map.next_value()?),
            Some("fd") => Secret::Fd(map.next_value()?),
            Some("prompt") => Secret::Prompt(map.next_value()?),
            Some("env") => return Err(A::Error::custom(NO_ENVIRONMENT)),
            _ => return Err(A::Error::custom(HOW)),
        };
        match map.next_key::<String>()? {
            None => Ok(secret),
            Some(_) => Err(A::Error::custom(HOW)),
        }
    }
}
