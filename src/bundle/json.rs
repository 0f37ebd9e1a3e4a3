//! The JSON form: the same values under their names, byte strings as 0x text.

use super::binary::size_is_allowed;
use super::{BundleError, ProofBundle, MAX_BYTES, VERSION};
use alloc::borrow::Cow;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// The JSON form's outermost object.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    version: u8,
    bundle: Cow<'a, ProofBundle>,
}

impl ProofBundle {
    /// The JSON form.
    ///
    /// # Errors
    /// None in practice: every value of a bundle has a JSON form.
    pub fn to_json(&self) -> Result<String, BundleError> {
        let document = Document { version: VERSION, bundle: Cow::Borrowed(self) };
        serde_json::to_string(&document).map_err(|e| BundleError::Json { line: e.line(), column: e.column() })
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// Where the text is not the JSON form of a bundle of this version.
    pub fn from_json(text: &str) -> Result<Self, BundleError> {
        // A byte of the binary form takes two hex digits.
        size_is_allowed(text.len(), MAX_BYTES.saturating_mul(2))?;
        let document: Document<'_> =
            serde_json::from_str(text).map_err(|e| BundleError::Json { line: e.line(), column: e.column() })?;
        if document.version != VERSION {
            return Err(BundleError::Version { expected: VERSION, got: document.version });
        }
        let bundle = document.bundle.into_owned();
        bundle.is_well_formed()?;
        Ok(bundle)
    }
}

/// serde of a 32-byte array as 0x text, for `#[serde(with = "...")]`.
pub(crate) mod hex_word {
    use crate::primitives::Hash;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(word: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        Hash(*word).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        Hash::deserialize(deserializer).map(|hash| hash.0)
    }
}
