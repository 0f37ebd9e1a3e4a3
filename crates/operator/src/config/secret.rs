//! Where a password comes from: never from the file itself.

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Where a password comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Secret {
    /// An environment variable; it is read once.
    Env(String),
    /// An open file descriptor, read to its end.
    Fd(i32),
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Place)
    }
}

/// Written by hand so that no refusal repeats what somebody wrote here by mistake: it may be a password.
struct Place;

const HOW: &str = "write { env = \"VARIABLE\" } or { fd = NUMBER }: a password never stands in the file";

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
            Some("env") => Secret::Env(map.next_value()?),
            Some("fd") => Secret::Fd(map.next_value()?),
            _ => return Err(A::Error::custom(HOW)),
        };
        match map.next_key::<String>()? {
            None => Ok(secret),
            Some(_) => Err(A::Error::custom(HOW)),
        }
    }
}
