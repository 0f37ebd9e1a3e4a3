//! Who signs. A key is behind [`Signer`], and nothing else of this crate sees one.

mod file;
mod keyring;
#[cfg(feature = "aws-kms")]
mod kms;
mod pkcs11;
mod private;
mod rest;
mod secret;
mod signatory;
mod vault;

pub use file::{create as create_key_file, import as import_key, strengthen as strengthen_key_file};
pub use private::write_new as write_private_file;
pub use secret::{read as read_secret, stands_guessing};
pub use signatory::Signatory;
pub use vault::Strength;

use crate::alarm::Alarm;
use crate::config::{ChainConfig, KeyConfig};
use rest::Resting;
use spanlight::crypto::recover_address;
use spanlight::state::KeyRole;
use spanlight::{Address, Hash, U256};
use std::sync::Arc;

/// Order of the curve's group, and half of it: signatures are made with the lower S.
const ORDER: U256 = U256::from_limbs([0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, 0xffff_ffff_ffff_fffe, u64::MAX]);

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No password: what the configuration names gives none.
    #[error("no password: {0}")]
    Secret(String),
    /// A password that is guessed soon.
    #[error("the password is too weak for a key file: {0}")]
    WeakPassword(String),
    /// The key file.
    #[error("key file {path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// There is a key file of this account already.
    #[error("key file {0}: there is one of this account already, and key files are never written over")]
    Exists(String),
    /// The token.
    #[error("PKCS#11 token: {0}")]
    Token(String),
    /// The key service.
    #[error("key service: {0}")]
    Service(String),
    /// A feature that this build lacks.
    #[error("this build cannot use this kind of key: build with the feature {0}")]
    NotBuilt(&'static str),
    /// The fee payer's key is the operator's.
    #[error("the operator's own key; leave fee_payer out, and the operator pays for itself")]
    PaysForItself,
    /// Ethereum's ways of signing know one key, that of the address.
    #[error(
        "the account's key is another one than that of its address, so only the chain's own types can be signed for it"
    )]
    NotOwn,
    /// The chain knows another key of the account.
    #[error("{account} has another key on the chain than the one given")]
    Replaced {
        /// The account.
        account: Address,
    },
    /// A person has paused the operator.
    #[error("the operator is paused")]
    Paused,
    /// It has just failed.
    #[error("it failed a moment ago, and is not asked yet")]
    Rests,
    /// What came back is no signature of this key.
    #[error("the signature made is not this key's")]
    Signature,
}

impl From<KeyError> for Alarm {
    fn from(error: KeyError) -> Self {
        Self::KeyUnavailable { reason: error.to_string() }
    }
}

/// Signs 32-byte digests with one key of the curve secp256k1.
pub trait Signer: Send + Sync {
    /// The account of the key.
    fn address(&self) -> Address;

    /// R, S and recovery id (0 or 1), with S in the lower half.
    ///
    /// # Errors
    /// Where the key cannot be reached.
    fn sign(&self, digest: &Hash) -> Result<[u8; 65], KeyError>;
}

/// What an operator signs with on one chain.
#[derive(Clone)]
pub struct ChainKeys {
    /// Votes.
    pub operator: Signatory,
    /// Pays for the operator's transactions; without one the operator does.
    pub fee_payer: Option<Signatory>,
}

impl ChainKeys {
    /// Opens the keys of one chain.
    ///
    /// # Errors
    /// The field of the configuration, and why its key cannot be used.
    pub async fn open(config: &ChainConfig) -> Result<Self, (&'static str, KeyError)> {
        let own = (config.address, KeyRole::Transaction);
        let mut keys = vec![resting(&config.key, own).await.map_err(|error| ("key", error))?];
        for key in &config.more_keys {
            keys.push(resting(key, own).await.map_err(|error| ("more_keys", error))?);
        }
        let operator = signatory(config.address, keys);
        let Some(payer) = &config.fee_payer else { return Ok(Self { operator, fee_payer: None }) };
        let refuse = |error| ("fee_payer", error);
        let payer = resting(payer, (config.fee_payer_address, KeyRole::FeePayer)).await.map_err(refuse)?;
        let payer = signatory(config.fee_payer_address, vec![payer]);
        if payer.account() == operator.account() {
            return Err(refuse(KeyError::PaysForItself));
        }
        Ok(Self { operator, fee_payer: Some(payer) })
    }

    /// An operator that pays for itself.
    #[must_use]
    pub fn alone(operator: Arc<dyn Signer>) -> Self {
        Self { operator: Signatory::own(operator), fee_payer: None }
    }
}

/// Keys of the account that is named, or of the first key's own.
fn signatory(account: Option<Address>, keys: Vec<Arc<dyn Signer>>) -> Signatory {
    let own = keys.first().map_or(Address::ZERO, |key| key.address());
    Signatory::of(account.unwrap_or(own), keys)
}

async fn resting(key: &KeyConfig, of: (Option<Address>, KeyRole)) -> Result<Arc<dyn Signer>, KeyError> {
    Ok(Arc::new(Resting::new(open_for(key, of).await?)))
}

/// Opens the key that the configuration names. With a key service this waits for its answer.
///
/// # Errors
/// Where it cannot be read, reached or decrypted.
pub async fn open(config: &KeyConfig) -> Result<Box<dyn Signer>, KeyError> {
    open_for(config, (None, KeyRole::Transaction)).await
}

/// The same for a key in a role of an account, where that is named apart.
async fn open_for(config: &KeyConfig, of: (Option<Address>, KeyRole)) -> Result<Box<dyn Signer>, KeyError> {
    match config {
        KeyConfig::File { path, password } => {
            let password = secret::read(password)?;
            let key = file::open_for(path, &password, of)?;
            if let Err(error) = stands_guessing(&password) {
                tracing::warn!(path = %path.display(), %error, "change it: `spanlight operator keys strengthen`");
            }
            Ok(Box::new(key))
        }
        KeyConfig::Pkcs11 { module, token, label, pin } => {
            Ok(Box::new(pkcs11::Token::open(module, token, label, &secret::read(pin)?)?))
        }
        #[cfg(feature = "aws-kms")]
        KeyConfig::AwsKms { key_id } => Ok(Box::new(kms::open(key_id).await?)),
        #[cfg(not(feature = "aws-kms"))]
        KeyConfig::AwsKms { .. } => Err(KeyError::NotBuilt("aws-kms")),
    }
}

/// R and S as a device gave them, with S brought to the lower half and the recovery id that gives `address`.
fn complete(rs: &[u8], digest: &Hash, address: Address) -> Result<[u8; 65], KeyError> {
    let (r, s) = rs.split_at_checked(32).ok_or(KeyError::Signature)?;
    let s = U256::try_from_be_slice(s).filter(|s| *s < ORDER).ok_or(KeyError::Signature)?;
    let high = s > ORDER.wrapping_shr(1);
    let s: [u8; 32] = if high { ORDER.wrapping_sub(s) } else { s }.to_be_bytes();
    for recovery_id in [0, 1] {
        let mut signature = [recovery_id; 65];
        for (to, from) in signature.iter_mut().zip(r.iter().chain(&s)) {
            *to = *from;
        }
        if recover_address(digest, &signature) == Ok(address) {
            return Ok(signature);
        }
    }
    Err(KeyError::Signature)
}

/// A key for tests.
#[cfg(test)]
pub(crate) fn test_key(byte: u8) -> impl Signer {
    file::FileKey::test(byte)
}

/// Its compressed public key.
#[cfg(test)]
pub(crate) fn test_public_key(byte: u8) -> [u8; 33] {
    let key = alloy_signer_local::PrivateKeySigner::from_slice(&[byte; 32]).unwrap();
    key.credential().verifying_key().to_encoded_point(true).as_bytes().try_into().unwrap()
}

#[cfg(test)]
mod tests;
