//! Encrypted key files: Web3 secret storage (version 3), and version 4 of Kaia's tools.

use super::keyring::Keyring;
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
    let text = std::fs::read_to_string(path).map_err(|error| failed(path, error))?;
    match Keyring::of(&text).map_err(|error| failed(path, error))? {
        None => PrivateKeySigner::decrypt_keystore(path, password).map(FileKey).map_err(|error| failed(path, error)),
        Some(keyring) => of_keyring(&keyring, password).map_err(|error| failed(path, error)),
    }
}

fn of_keyring(keyring: &Keyring, password: &str) -> Result<FileKey, Box<dyn std::error::Error>> {
    let key = decrypt_text(&keyring.version_3, password)?;
    keyring.belongs_to(Address(key.address().into_array()))?;
    Ok(FileKey(key))
}

/// Decrypts the text of a version 3 file. The library reads files only, so it is handed a pipe: no
/// copy of the key comes to a disk.
#[cfg(unix)]
fn decrypt_text(text: &str, password: &str) -> Result<PrivateKeySigner, Box<dyn std::error::Error>> {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    // Every system's pipe takes so much without a reader.
    const MOST: usize = 4096;
    if text.len() > MOST {
        return Err("its key is longer than any key file's".into());
    }
    let (reader, mut writer) = std::io::pipe()?;
    writer.write_all(text.as_bytes())?;
    drop(writer);
    Ok(PrivateKeySigner::decrypt_keystore(format!("/dev/fd/{}", reader.as_raw_fd()), password)?)
}

#[cfg(not(unix))]
fn decrypt_text(_text: &str, _password: &str) -> Result<PrivateKeySigner, Box<dyn std::error::Error>> {
    Err("key files of version 4 are read on Unix only; convert it to version 3".into())
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
