//! Which certificate authorities are believed for `https:` endpoints: that an endpoint is the one
//! that was meant, not that it tells the truth.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use ureq::tls::{parse_pem, Certificate, PemItem, RootCerts};

/// Variables by which programs are told of other authorities than this machine's own.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Certificate authorities.
#[derive(Clone, Debug)]
pub struct Roots(RootCerts);

/// Why authorities cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootsError {
    /// A variable names no certificate that can be read.
    #[error("{variable} names no certificate authority that can be read: {reason}")]
    Variable {
        /// The variable.
        variable: &'static str,
        /// Why.
        reason: String,
    },
    /// A file cannot be read, or holds no certificate.
    #[error("{}: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl RootsError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Variable { .. } => "roots.variable",
            Self::File { .. } => "roots.file",
        }
    }
}

impl Roots {
    /// Those that this machine trusts: its own store, or what `SSL_CERT_FILE` and `SSL_CERT_DIR`
    /// name instead. A machine without a store gets Mozilla's list.
    ///
    /// # Errors
    /// Where a variable is set and names nothing to use: another list in its place would be a silent choice.
    pub fn of_this_machine() -> Result<Self, RootsError> {
        static STORE: OnceLock<Result<Roots, RootsError>> = OnceLock::new();
        STORE.get_or_init(read_store).clone()
    }

    /// These, and those of a file in PEM form. Mozilla's list does not stay: with the file it is
    /// known who is meant.
    ///
    /// # Errors
    /// Where the file cannot be read, or holds no certificate.
    pub fn and_of_file(self, path: &Path) -> Result<Self, RootsError> {
        let failed = |reason: String| RootsError::File { path: path.to_owned(), reason };
        let pem = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let mut added = Vec::new();
        for item in parse_pem(&pem) {
            if let PemItem::Certificate(certificate) = item.map_err(|error| failed(error.to_string()))? {
                added.push(certificate);
            }
        }
        if added.is_empty() {
            return Err(failed("it holds no certificate in PEM form".to_owned()));
        }
        let known = match &self.0 {
            RootCerts::Specific(known) => known.as_ref().clone(),
            _ => Vec::new(),
        };
        Ok(Self(known.into_iter().chain(added).into()))
    }

    pub(super) fn certs(&self) -> RootCerts {
        self.0.clone()
    }
}

fn read_store() -> Result<Roots, RootsError> {
    let found = rustls_native_certs::load_native_certs();
    let named = VARIABLES.into_iter().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    match named {
        Some(variable) if found.certs.is_empty() => {
            let reason = found.errors.first().map_or("nothing is there".to_owned(), ToString::to_string);
            Err(RootsError::Variable { variable, reason })
        }
        None if found.certs.is_empty() => Ok(Roots(RootCerts::WebPki)),
        _ => {
            let owned = found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned());
            Ok(Roots(owned.into()))
        }
    }
}
