//! A key in a PKCS#11 token (an HSM, or SoftHSM in tests). The private key never leaves it.

use super::{complete, KeyError, Signer};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use spanlight::{Address, Hash};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// An open session with the handle of one private key.
pub(super) struct Token {
    session: Mutex<Session>,
    key: ObjectHandle,
    address: Address,
}

fn failed(error: impl ToString) -> KeyError {
    KeyError::Token(error.to_string())
}

impl Token {
    pub(super) fn open(module: &Path, token: &str, label: &str, pin: &str) -> Result<Self, KeyError> {
        let library = Pkcs11::new(module).map_err(failed)?;
        match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Both keys of an operator may lie in one token.
            Ok(()) | Err(cryptoki::error::Error::Pkcs11(cryptoki::error::RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(failed(error)),
        }
        let slots = library.get_slots_with_token().map_err(failed)?;
        let named = |slot: &cryptoki::slot::Slot| {
            library.get_token_info(*slot).is_ok_and(|info| info.label().trim_end() == token)
        };
        let slot = slots.into_iter().find(named).ok_or_else(|| failed(format!("no token is labelled `{token}`")))?;
        let session = library.open_ro_session(slot).map_err(failed)?;
        match session.login(UserType::User, Some(&AuthPin::new(pin.into()))) {
            Ok(()) => {}
            Err(cryptoki::error::Error::Pkcs11(cryptoki::error::RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => return Err(failed(error)),
        }
        let find = |class| {
            let template = [Attribute::Class(class), Attribute::Label(label.as_bytes().to_vec())];
            let found = session.find_objects(&template).map_err(failed)?;
            match found.as_slice() {
                [one] => Ok(*one),
                [] => Err(failed(format!("no key is labelled `{label}`"))),
                _ => Err(failed(format!("several keys are labelled `{label}`"))),
            }
        };
        let public = find(ObjectClass::PUBLIC_KEY)?;
        let key = find(ObjectClass::PRIVATE_KEY)?;
        let address = address_of(&session, public)?;
        Ok(Self { session: Mutex::new(session), key, address })
    }
}

/// The point is an ASN.1 octet string around an uncompressed key.
fn address_of(session: &Session, public: ObjectHandle) -> Result<Address, KeyError> {
    let attributes = session.get_attributes(public, &[AttributeType::EcPoint]).map_err(failed)?;
    let point = attributes.into_iter().find_map(|attribute| match attribute {
        Attribute::EcPoint(point) => Some(point),
        _ => None,
    });
    let point = point.ok_or_else(|| failed("the public key has no point"))?;
    let xy = match point.as_slice() {
        [4, 65, 4, xy @ ..] | [4, xy @ ..] => <[u8; 64]>::try_from(xy).ok(),
        _ => None,
    };
    xy.map(|xy| Address::of_public_key(&xy)).ok_or_else(|| failed("the key is not of the curve secp256k1"))
}

impl Signer for Token {
    fn address(&self) -> Address {
        self.address
    }

    fn sign(&self, digest: &Hash) -> Result<[u8; 65], KeyError> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let rs = session.sign(&Mechanism::Ecdsa, self.key, digest.as_bytes()).map_err(failed)?;
        complete(&rs, digest, self.address)
    }
}
