//! JSON as a tree, and how values are read out of it by name.
//!
//! Trust files and stored states are also read by serde's derived code, which knows the line of an error; but that code is
//! made anew for every type, and would be a sixth of the WebAssembly module. Both read one schema, which a test compares:
//! an unknown or repeated member is refused, and so is a number that is no whole one.

use crate::primitives::{Address, Hash};
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Any JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number from 0 to 2^64 - 1, written without point or exponent.
    Number(u64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// Members in the order of the text; a name may occur twice.
    Object(Vec<(String, Json)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(u64::try_from(value).map_or(Json::Float(value as f64), Json::Number))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Json::Object(object))
    }
}

/// Where a tree is not of the schema, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(Box<(String, &'static str)>);

impl Malformed {
    /// At the value itself.
    #[cold]
    #[must_use]
    pub fn new(why: &'static str) -> Self {
        Self(Box::new((String::new(), why)))
    }

    #[cold]
    fn below(mut self, name: &str) -> Self {
        let (path, _) = &mut *self.0;
        if !path.is_empty() {
            path.insert(0, '.');
        }
        path.insert_str(0, name);
        self
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, why) = &*self.0;
        let place = if path.is_empty() { "the value" } else { path };
        write!(f, "{place}: {why}")
    }
}

/// What can be read out of a tree.
pub trait FromJson: Sized {
    /// Reads it.
    ///
    /// # Errors
    /// Where the tree is not of the schema.
    fn from_json(json: &Json) -> Result<Self, Malformed>;
}

/// The members of an object, each to be asked for by its name.
pub struct Members<'j> {
    object: &'j [(String, Json)],
    asked: Vec<&'static str>,
}

impl<'j> Members<'j> {
    /// The members of `json`.
    ///
    /// # Errors
    /// Where it is no object, or names one member twice.
    pub fn of(json: &'j Json) -> Result<Self, Malformed> {
        let Json::Object(object) = json else { return Err(Malformed::new("an object is expected")) };
        for (place, (name, _)) in object.iter().enumerate() {
            if object.iter().take(place).any(|(other, _)| other == name) {
                return Err(Malformed::new("named twice").below(name));
            }
        }
        Ok(Self { object, asked: Vec::new() })
    }

    fn get(&mut self, name: &'static str) -> Option<&'j Json> {
        self.asked.push(name);
        self.object.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// A member that must be there.
    ///
    /// # Errors
    /// Where it is not, or is malformed.
    pub fn required<T: FromJson>(&mut self, name: &'static str) -> Result<T, Malformed> {
        let value = self.get(name).ok_or_else(|| Malformed::new("is missing").below(name))?;
        T::from_json(value).map_err(|e| e.below(name))
    }

    /// A member that may be left out.
    ///
    /// # Errors
    /// Where it is malformed.
    pub fn or<T: FromJson>(&mut self, name: &'static str, usual: T) -> Result<T, Malformed> {
        match self.get(name) {
            Some(value) => T::from_json(value).map_err(|e| e.below(name)),
            None => Ok(usual),
        }
    }

    /// To be asked after the last member.
    ///
    /// # Errors
    /// Where a member was not asked for.
    pub fn finish(self) -> Result<(), Malformed> {
        match self.object.iter().find(|(name, _)| !self.asked.contains(&name.as_str())) {
            Some((name, _)) => Err(Malformed::new("is no member that is known here").below(name)),
            None => Ok(()),
        }
    }
}

/// The variant of that name without content, or with a number as content.
///
/// # Errors
/// Where `json` is neither a name nor an object of one name and a number.
pub fn variant(json: &Json) -> Result<(&str, Option<u64>), Malformed> {
    match json {
        Json::Text(name) => Ok((name, None)),
        Json::Object(members) => match members.as_slice() {
            [(name, Json::Number(content))] => Ok((name, Some(*content))),
            _ => Err(Malformed::new("one name with a number is expected")),
        },
        _ => Err(Malformed::new("a name is expected")),
    }
}

impl FromJson for bool {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        match json {
            Json::Bool(value) => Ok(*value),
            _ => Err(Malformed::new("true or false is expected")),
        }
    }
}

impl FromJson for u64 {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        match json {
            Json::Number(value) => Ok(*value),
            _ => Err(Malformed::new("a whole number is expected")),
        }
    }
}

impl FromJson for u32 {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        Self::try_from(u64::from_json(json)?).map_err(|_| Malformed::new("too large"))
    }
}

impl FromJson for String {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        match json {
            Json::Text(text) => Ok(text.clone()),
            _ => Err(Malformed::new("a text is expected")),
        }
    }
}

impl FromJson for Hash {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        String::from_json(json)?.parse().map_err(|_| Malformed::new("0x and 64 hex digits are expected"))
    }
}

impl FromJson for Address {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        String::from_json(json)?.parse().map_err(|_| Malformed::new("0x and 40 hex digits are expected"))
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        match json {
            Json::Null => Ok(None),
            value => T::from_json(value).map(Some),
        }
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        let Json::List(items) = json else { return Err(Malformed::new("a list is expected")) };
        items.iter().map(T::from_json).collect()
    }
}

impl<T: FromJson, const N: usize> FromJson for [T; N] {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        Self::try_from(<Vec<T>>::from_json(json)?).map_err(|_| Malformed::new("a list of another length is expected"))
    }
}

/// [`FromJson`] of a struct: its fields, each with its name in JSON where that differs, and with what it is where it is left
/// out.
#[macro_export]
macro_rules! object {
    ($type:ty { $($field:ident $(as $name:literal)? $(= $usual:expr)?),* $(,)? }) => {
        impl $crate::tree::FromJson for $type {
            fn from_json(json: &$crate::tree::Json) -> Result<Self, $crate::tree::Malformed> {
                let mut members = $crate::tree::Members::of(json)?;
                let read = Self { $($field: $crate::object!(@field members, $field $(as $name)? $(= $usual)?)?),* };
                members.finish()?;
                Ok(read)
            }
        }
    };
    (@field $members:ident, $field:ident) => { $members.required(stringify!($field)) };
    (@field $members:ident, $field:ident as $name:literal) => { $members.required($name) };
    (@field $members:ident, $field:ident = $usual:expr) => { $members.or(stringify!($field), $usual) };
    (@field $members:ident, $field:ident as $name:literal = $usual:expr) => { $members.or($name, $usual) };
}
