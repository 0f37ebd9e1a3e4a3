//! Encrypted key files: Web3 secret storage.

use super::{KeyError, Signer};
use alloy_primitives::B256;
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use spanlight::{Address, Hash};
use std::path::{Path, PathBuf};

/// The key of one file, decrypted.
pub(super) struct FileKey(PrivateKeySigner);

#[cfg(test)]
impl FileKey {
    pub(super) fn test(byte: u8) -> Self {
        Self(PrivateKeySigner::from_slice(&[byte; 32]).unwrap())
    }
}

fn failed(path: &Path, reason: impl ToString) -> KeyError {
    KeyError::File { path: path.display().to_string(), reason: reason.to_string() }
}

pub(super) fn open(path: &Path, password: &str) -> Result<FileKey, KeyError> {
    if !path.is_file() {
        return Err(failed(path, "no such file; `spanlight operator keys new` makes one"));
    }
    others_cannot_read(path)?;
    PrivateKeySigner::decrypt_keystore(path, password).map(FileKey).map_err(|error| failed(path, error))
}

/// A password may be guessed by whoever has the file.
#[cfg(unix)]
fn others_cannot_read(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map_err(|error| failed(path, error))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(failed(path, format!("mode {:o} lets others read it; chmod 600 it", mode & 0o777)))
}

#[cfg(not(unix))]
fn others_cannot_read(_path: &Path) -> Result<(), KeyError> {
    Ok(())
}

/// Makes a new key and writes it encrypted into `folder`, under its address as name. Gives the file and the address.
///
/// # Errors
/// Where the file cannot be written.
pub fn create(folder: &Path, password: &str) -> Result<(PathBuf, Address), KeyError> {
    write(folder, password, &PrivateKeySigner::random_with(&mut rand::thread_rng()))
}

/// Writes a key that exists already as [`create`] writes a new one.
///
/// # Errors
/// Where it is no key, or the file cannot be written.
pub fn import(folder: &Path, password: &str, key: &[u8; 32]) -> Result<(PathBuf, Address), KeyError> {
    write(folder, password, &PrivateKeySigner::from_slice(key).map_err(|error| failed(folder, error))?)
}

fn write(folder: &Path, password: &str, key: &PrivateKeySigner) -> Result<(PathBuf, Address), KeyError> {
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let address = Address(key.address().into_array());
    let name = format!("{address}.json");
    let path = folder.join(&name);
    let mut random = rand::thread_rng();
    PrivateKeySigner::encrypt_keystore(folder, &mut random, key.to_bytes(), password, Some(&name))
        .map_err(|error| failed(&path, error))?;
    only_owner(&path)?;
    Ok((path, address))
}

#[cfg(unix)]
fn only_owner(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(|error| failed(path, error))
}

#[cfg(not(unix))]
fn only_owner(_path: &Path) -> Result<(), KeyError> {
    Ok(())
}

impl Signer for FileKey {
    fn address(&self) -> Address {
        Address(self.0.address().into_array())
    }

    fn sign(&self, digest: &Hash) -> Result<[u8; 65], KeyError> {
        let signature = self.0.sign_hash_sync(&B256::from(digest.0)).map_err(|_| KeyError::Signature)?;
        let mut bytes = signature.as_bytes();
        if let Some(last) = bytes.last_mut() {
            *last = u8::from(signature.v());
        }
        Ok(bytes)
    }
}
