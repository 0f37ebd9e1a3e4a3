//! Web3 secret storage, version 3: one key in JSON, encrypted under a password.
//!
//! What is written costs whoever tries passwords as much as geth's standard files do (scrypt, N =
//! 262144). What is read may be of any program, within bounds: a file must not cost this machine
//! its memory, nor break it.

use aes::cipher::{KeyIvInit, StreamCipher};
use hmac::Hmac;
use rand::RngCore;
use scrypt::Params;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use spanlight::primitives::keccak256;
use zeroize::Zeroizing;

type Cipher = ctr::Ctr128BE<aes::Aes128>;

const CIPHER: &str = "aes-128-ctr";
const VERSION: u8 = 3;
/// Bytes that are derived from the password: half encrypts, half is in the check sum.
const DERIVED: usize = 32;
const BLOCK: u32 = 8;
/// Most memory that reading a file may take, and most work in passes over it.
const MOST_MEMORY: u64 = 1 << 30;
const MOST_PASSES: u32 = 16;
/// Most rounds of the older way.
const MOST_ROUNDS: u32 = 20_000_000;
/// Rounds of the older way that cost a guess about as much; it needs no memory, so more are wanted.
const STANDARD_ROUNDS: u32 = 600_000;
const MOST_SALT: usize = 1024;

/// What each guess of a password costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// As geth's and Kaia's nodes write their files: about a second and 256 MiB.
    Standard,
    /// As geth's "light" files: for keys that everybody knows, as those of a devnet.
    Light,
}

impl Strength {
    /// The logarithm of N, and the passes.
    const fn cost(self) -> (u8, u32) {
        match self {
            Self::Standard => (18, 1),
            Self::Light => (12, 6),
        }
    }
}

/// Why a file gives no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum VaultError {
    #[error("it is no key file of version 3 or 4")]
    Malformed,
    #[error("it is encrypted by `{0}`, which is not known; aes-128-ctr is")]
    Unknown(&'static str),
    #[error("its cost is beyond bounds: N a power of two, 1 GiB and 16 passes at most, 20 million rounds at most")]
    Cost,
    #[error("the password is another one, or the file is damaged")]
    Password,
}

#[derive(Serialize, Deserialize)]
struct File {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(alias = "Crypto")]
    crypto: Crypto,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    version: u8,
}

#[derive(Serialize, Deserialize)]
struct Crypto {
    cipher: String,
    cipherparams: CipherParams,
    ciphertext: Hex,
    #[serde(flatten)]
    derivation: Derivation,
    mac: Hex,
}

#[derive(Serialize, Deserialize)]
struct CipherParams {
    iv: Hex,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kdf", content = "kdfparams", rename_all = "lowercase")]
enum Derivation {
    Scrypt { dklen: usize, n: u32, p: u32, r: u32, salt: Hex },
    Pbkdf2 { c: u32, dklen: usize, prf: String, salt: Hex },
}

/// Bytes as hex digits without 0x, as these files have them.
struct Hex(Vec<u8>);

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(digits(&self.0).as_str())
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let text = text.strip_prefix("0x").unwrap_or(&text);
        let bytes = spanlight::primitives::decode_hex(&format!("0x{text}"));
        bytes.map(Self).map_err(|_| serde::de::Error::custom("no hex digits"))
    }
}

fn digits(bytes: &[u8]) -> String {
    spanlight::primitives::encode_hex(bytes).trim_start_matches("0x").to_owned()
}

impl Derivation {
    /// Refused before any memory is taken.
    fn is_within_bounds(&self) -> bool {
        match self {
            Self::Scrypt { dklen, n, p, r, salt } => {
                let memory = u64::from(*n).saturating_mul(u64::from(*r)).saturating_mul(128);
                n.is_power_of_two()
                    && *n > 1
                    && memory <= MOST_MEMORY
                    && (1..=MOST_PASSES).contains(p)
                    && *dklen == DERIVED
                    && salt.0.len() <= MOST_SALT
            }
            Self::Pbkdf2 { c, dklen, prf, salt } => {
                let rounds = (1..=MOST_ROUNDS).contains(c);
                rounds && *dklen == DERIVED && prf == "hmac-sha256" && salt.0.len() <= MOST_SALT
            }
        }
    }

    fn derive(&self, password: &str) -> Result<Zeroizing<[u8; DERIVED]>, VaultError> {
        if !self.is_within_bounds() {
            return Err(VaultError::Cost);
        }
        let mut derived = Zeroizing::new([0; DERIVED]);
        match self {
            Self::Scrypt { n, p, r, salt, .. } => {
                let log_n = u8::try_from(n.trailing_zeros()).map_err(|_| VaultError::Cost)?;
                let params = Params::new(log_n, *r, *p, DERIVED).map_err(|_| VaultError::Cost)?;
                let done = scrypt::scrypt(password.as_bytes(), &salt.0, &params, derived.as_mut_slice());
                done.map_err(|_| VaultError::Cost)?;
            }
            Self::Pbkdf2 { c, salt, .. } => {
                let done = pbkdf2::pbkdf2::<Hmac<Sha256>>(password.as_bytes(), &salt.0, *c, derived.as_mut_slice());
                done.map_err(|_| VaultError::Cost)?;
            }
        }
        Ok(derived)
    }

    /// Whether a guess costs less than at geth's standard.
    fn is_weak(&self) -> bool {
        let (log_n, passes) = Strength::Standard.cost();
        let standard = (1u64 << log_n).saturating_mul(u64::from(BLOCK)).saturating_mul(u64::from(passes));
        match self {
            // Memory counts, not passes: those are what a guessing machine is best at.
            Self::Scrypt { n, r, .. } => u64::from(*n).saturating_mul(u64::from(*r)) < standard,
            Self::Pbkdf2 { c, .. } => *c < STANDARD_ROUNDS,
        }
    }
}

/// The half of the derived bytes that encrypts, and the check sum with the other half.
fn halves(derived: &[u8; DERIVED], ciphertext: &[u8]) -> (Zeroizing<[u8; 16]>, [u8; 32]) {
    let (encrypts, checks) = derived.split_at(DERIVED / 2);
    let mut key = Zeroizing::new([0; 16]);
    key.copy_from_slice(encrypts);
    (key, keccak256(&[checks, ciphertext].concat()).0)
}

fn read(text: &str) -> Result<File, VaultError> {
    let file: File = serde_json::from_str(text).map_err(|_| VaultError::Malformed)?;
    if file.version == VERSION {
        Ok(file)
    } else {
        Err(VaultError::Malformed)
    }
}

/// The key in the text of a file.
pub(super) fn open(text: &str, password: &str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let Crypto { cipher, cipherparams, ciphertext, derivation, mac } = read(text)?.crypto;
    if cipher != CIPHER {
        return Err(VaultError::Unknown("another cipher"));
    }
    let derived = derivation.derive(password)?;
    let (key, sum) = halves(&derived, &ciphertext.0);
    if mac.0 != sum {
        return Err(VaultError::Password);
    }
    let mut bytes = Zeroizing::new(ciphertext.0);
    let mut stream = Cipher::new_from_slices(key.as_slice(), &cipherparams.iv.0).map_err(|_| VaultError::Malformed)?;
    stream.try_apply_keystream(&mut bytes).map_err(|_| VaultError::Malformed)?;
    Ok(bytes)
}

/// Whether a guess at the file's password costs less than at geth's standard.
pub(super) fn is_weak(text: &str) -> bool {
    read(text).is_ok_and(|file| file.crypto.derivation.is_weak())
}

/// The text of a file that keeps `key`, the one of account `address`.
pub(super) fn seal(
    key: &[u8; 32],
    address: &str,
    password: &str,
    strength: Strength,
    random: &mut impl RngCore,
) -> Result<String, VaultError> {
    let mut bytes = |length: usize| {
        let mut bytes = vec![0; length];
        random.fill_bytes(&mut bytes);
        bytes
    };
    let (log_n, p) = strength.cost();
    let derivation =
        Derivation::Scrypt { dklen: DERIVED, n: 1u32.wrapping_shl(log_n.into()), p, r: BLOCK, salt: Hex(bytes(32)) };
    let (iv, id) = (bytes(16), identifier(&bytes(16)));
    let derived = derivation.derive(password)?;
    let (encrypts, _) = halves(&derived, &[]);
    let mut ciphertext = key.to_vec();
    let mut stream = Cipher::new_from_slices(encrypts.as_slice(), &iv).map_err(|_| VaultError::Malformed)?;
    stream.try_apply_keystream(&mut ciphertext).map_err(|_| VaultError::Malformed)?;
    let (_, mac) = halves(&derived, &ciphertext);
    let crypto = Crypto {
        cipher: CIPHER.to_owned(),
        cipherparams: CipherParams { iv: Hex(iv) },
        ciphertext: Hex(ciphertext),
        derivation,
        mac: Hex(mac.to_vec()),
    };
    let address = Some(address.trim_start_matches("0x").to_ascii_lowercase());
    let file = File { address, crypto, id: Some(id), version: VERSION };
    serde_json::to_string(&file).map_err(|_| VaultError::Malformed)
}

/// A random identifier (UUID, version 4), which other programs want to see in a file.
fn identifier(random: &[u8]) -> String {
    let mut bytes = random.to_vec();
    for (place, mask, mark) in [(6usize, 0x0f, 0x40), (8, 0x3f, 0x80)] {
        if let Some(byte) = bytes.get_mut(place) {
            *byte = (*byte & mask) | mark;
        }
    }
    let text = digits(&bytes);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn sealed(strength: Strength) -> String {
        seal(&[7; 32], "0x00Aa", "a pass", strength, &mut rand::thread_rng()).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_its_password_only() {
        let text = sealed(Strength::Light);
        assert_eq!(open(&text, "a pass").unwrap().as_slice(), [7; 32]);
        assert_eq!(open(&text, "a pazz").unwrap_err(), VaultError::Password);
        let file: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&file["version"], &file["address"]), (&Value::from(3), &Value::from("00aa")));
        let id = file["id"].as_str().unwrap();
        assert_eq!((id.len(), &id[14..15]), (36, "4"), "{id}");
        assert_ne!(sealed(Strength::Light), text, "another salt each time");
    }

    #[test]
    fn the_standard_is_geths() {
        let file: Value = serde_json::from_str(&sealed(Strength::Standard)).unwrap();
        let params = &file["crypto"]["kdfparams"];
        let cost = ["n", "r", "p", "dklen"].map(|name| params[name].as_u64().unwrap());
        assert_eq!(cost, [262_144, 8, 1, 32]);
        assert!(!is_weak(&file.to_string()));
        assert!(is_weak(&sealed(Strength::Light)));
    }

    #[test]
    fn a_file_that_would_cost_too_much_or_break_the_reader_is_refused_at_once() {
        let good: Value = serde_json::from_str(&sealed(Strength::Light)).unwrap();
        let changed = |path: &str, value: Value| {
            let mut file = good.clone();
            *file.pointer_mut(&format!("/crypto/{path}")).unwrap() = value;
            open(&file.to_string(), "a pass").unwrap_err()
        };
        for (name, values) in
            [("n", vec![0u64, 1, 3, 1 << 31]), ("r", vec![0, 1 << 30]), ("p", vec![0, 17]), ("dklen", vec![0, 16, 64])]
        {
            for value in values {
                assert_eq!(changed(&format!("kdfparams/{name}"), value.into()), VaultError::Cost, "{name} {value}");
            }
        }
        assert_eq!(changed("cipher", "des".into()), VaultError::Unknown("another cipher"));
        assert_eq!(changed("cipherparams/iv", "00".into()), VaultError::Malformed);
        assert_eq!(changed("kdf", "md5".into()), VaultError::Malformed);
        assert_eq!(changed("ciphertext", "zz".into()), VaultError::Malformed);
        assert_eq!(open("{}", "a pass").unwrap_err(), VaultError::Malformed);
    }
}
