//! What a service manager hands over: files in `$CREDENTIALS_DIRECTORY`, as systemd's
//! `LoadCredential=` puts them there.
//!
//! A path `credential:NAME` names one. It is looked up only when it is opened, so that a person's
//! commands (`status`, `pause`) read the same configuration without any.

use std::path::{Path, PathBuf};

const PREFIX: &str = "credential:";
const FOLDER: &str = "CREDENTIALS_DIRECTORY";

/// Whether a path names a credential.
pub(crate) fn is_one(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.starts_with(PREFIX))
}

/// The path, where a configuration in `base` means it.
pub(super) fn resolved(base: &Path, path: &Path) -> PathBuf {
    if is_one(path) {
        path.to_owned()
    } else {
        base.join(path)
    }
}

/// Where the file lies.
pub(crate) fn located(path: &Path) -> Result<PathBuf, String> {
    match path.to_str().and_then(|text| text.strip_prefix(PREFIX)) {
        Some(name) => file(name),
        None => Ok(path.to_owned()),
    }
}

/// The file of the credential `name`.
pub(crate) fn file(name: &str) -> Result<PathBuf, String> {
    file_in(std::env::var_os(FOLDER).map(PathBuf::from), name)
}

fn file_in(folder: Option<PathBuf>, name: &str) -> Result<PathBuf, String> {
    if name.is_empty() || name.contains('/') || name.starts_with('.') {
        return Err("a credential's name is a plain file name".to_owned());
    }
    let folder = folder.ok_or_else(|| {
        format!("credential `{name}`: {FOLDER} is not set; systemd sets it for a unit with LoadCredential={name}:FILE")
    })?;
    Ok(folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_a_file_of_the_service_managers_folder_and_of_no_other() {
        let folder = Some(PathBuf::from("/run/credentials/one"));
        assert_eq!(file_in(folder.clone(), "key"), Ok(PathBuf::from("/run/credentials/one/key")));
        for name in ["", "../../etc/shadow", "a/b", ".."] {
            assert!(file_in(folder.clone(), name).is_err(), "{name}");
        }
        assert!(file_in(None, "key").unwrap_err().contains("LoadCredential=key"));
        let path = Path::new("credential:key");
        assert_eq!(resolved(Path::new("/etc"), path), path);
        assert_eq!(resolved(Path::new("/etc"), Path::new("key")), Path::new("/etc/key"));
        assert_eq!(located(Path::new("/etc/key")), Ok(PathBuf::from("/etc/key")));
    }
}
