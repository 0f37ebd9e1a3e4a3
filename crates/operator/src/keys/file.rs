//! Encrypted key files: Web3 secret storage (version 3), and version 4 of Kaia's tools.

use super::keyring::Keyring;
use super::vault::{self, Strength};
use super::{private, KeyError, Signer};
use crate::config::credential;
use alloy_primitives::B256;
use alloy_signer::SignerSync;
use alloy_signer_local::PrivateKeySigner;
use spanlight::state::KeyRole;
use spanlight::{Address, Hash};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest key file that is read.
const MOST: u64 = 1 << 16;

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
    open_for(path, password, (None, KeyRole::Transaction))
}

/// A file of version 4 names its account and has keys by role; `account` is the one that the
/// configuration names.
pub(super) fn open_for(
    path: &Path,
    password: &str,
    (account, role): (Option<Address>, KeyRole),
) -> Result<FileKey, KeyError> {
    let text = read(path)?;
    let file = match Keyring::of(&text, role).map_err(|error| failed(path, error))? {
        None => decrypt(&text, password).map_err(|error| failed(path, error))?,
        Some(keyring) => of_keyring(&keyring, password, account).map_err(|error| failed(path, error))?,
    };
    if vault::is_weak(&text) {
        let words =
            "a key file is cheaper to guess than geth's standard; `spanlight operator keys strengthen` mends it";
        tracing::warn!(path = %path.display(), words);
    }
    Ok(FileKey(file))
}

fn read(path: &Path) -> Result<String, KeyError> {
    let place = credential::located(path).map_err(|reason| failed(path, reason))?;
    if !place.is_file() {
        return Err(failed(path, "no such file; `spanlight operator keys new` makes one"));
    }
    // A credential is guarded by whoever handed it over, by other means than its mode.
    if !credential::is_one(path) {
        others_cannot_read(&place)?;
    }
    if std::fs::metadata(&place).map_err(|error| failed(path, error))?.len() > MOST {
        return Err(failed(path, "it is longer than any key file"));
    }
    std::fs::read_to_string(&place).map_err(|error| failed(path, error))
}

fn decrypt(text: &str, password: &str) -> Result<PrivateKeySigner, Box<dyn std::error::Error>> {
    let key = vault::open(text, password)?;
    Ok(PrivateKeySigner::from_slice(&key)?)
}

fn of_keyring(
    keyring: &Keyring,
    password: &str,
    account: Option<Address>,
) -> Result<PrivateKeySigner, Box<dyn std::error::Error>> {
    let key = decrypt(&keyring.version_3, password)?;
    keyring.belongs_to(Address(key.address().into_array()), account)?;
    Ok(key)
}

fn others_cannot_read(path: &Path) -> Result<(), KeyError> {
    match private::others_read(path).map_err(|error| failed(path, error))? {
        None => Ok(()),
        Some(reason) => Err(failed(path, reason)),
    }
}

/// Makes a new key and writes it encrypted into `folder`, under its address as name. Gives the file and the address.
///
/// # Errors
/// Where the file cannot be written.
pub fn create(folder: &Path, password: &str, strength: Strength) -> Result<(PathBuf, Address), KeyError> {
    write(folder, password, strength, &PrivateKeySigner::random_with(&mut rand::thread_rng()))
}

/// Writes a key that exists already as [`create`] writes a new one.
///
/// # Errors
/// Where it is no key, or the file cannot be written.
pub fn import(
    folder: &Path,
    password: &str,
    strength: Strength,
    key: &[u8; 32],
) -> Result<(PathBuf, Address), KeyError> {
    write(folder, password, strength, &PrivateKeySigner::from_slice(key).map_err(|error| failed(folder, error))?)
}

/// Encrypts a file's key anew at the standard strength, under another password or the same. Gives
/// the account.
///
/// # Errors
/// Where it cannot be read, decrypted or written.
pub fn strengthen(path: &Path, old: &str, new: &str) -> Result<Address, KeyError> {
    let FileKey(key) = open(path, old)?;
    let text = sealed(path, new, Strength::Standard, &key)?;
    private::replace(path, text.as_bytes()).map_err(|error| failed(path, error))?;
    Ok(Address(key.address().into_array()))
}

fn write(
    folder: &Path,
    password: &str,
    strength: Strength,
    key: &PrivateKeySigner,
) -> Result<(PathBuf, Address), KeyError> {
    private::folder(folder).map_err(|error| failed(folder, error))?;
    let address = Address(key.address().into_array());
    let path = folder.join(format!("{address}.json"));
    let text = sealed(&path, password, strength, key)?;
    private::write_new(&path, text.as_bytes()).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => KeyError::Exists(path.display().to_string()),
        _ => failed(&path, error),
    })?;
    Ok((path, address))
}

fn sealed(path: &Path, password: &str, strength: Strength, key: &PrivateKeySigner) -> Result<String, KeyError> {
    let address = Address(key.address().into_array()).to_string();
    let bytes = Zeroizing::new(key.to_bytes().0);
    let sealed = vault::seal(&bytes, &address, password, strength, &mut rand::thread_rng());
    sealed.map_err(|error| failed(path, error))
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
