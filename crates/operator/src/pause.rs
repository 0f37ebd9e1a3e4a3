//! Whether a person has paused the operator. A task of its own reads it from the store, so that no
//! endpoint and no transfer can keep a worker from seeing it; and every key looks at it before it
//! signs ([`Gated`]).

use crate::keys::{ChainKeys, KeyError, Signer};
use spanlight::{Address, Hash};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// Shared by its clones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pause(Arc<AtomicBool>);

impl Pause {
    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Whether that changes it.
    pub(crate) fn set(&self, paused: bool) -> bool {
        self.0.swap(paused, Ordering::SeqCst) != paused
    }

    /// Keys that sign nothing while it is on, whoever asks them and whatever for.
    pub(crate) fn gate(&self, keys: ChainKeys) -> ChainKeys {
        let gate = |key: &Arc<dyn Signer>| -> Arc<dyn Signer> {
            Arc::new(Gated { key: Arc::clone(key), pause: self.clone() })
        };
        ChainKeys {
            operator: keys.operator.with_keys(gate),
            fee_payer: keys.fee_payer.map(|payer| payer.with_keys(gate)),
        }
    }
}

struct Gated {
    key: Arc<dyn Signer>,
    pause: Pause,
}

impl Signer for Gated {
    fn address(&self) -> Address {
        self.key.address()
    }

    fn sign(&self, digest: &Hash) -> Result<[u8; 65], KeyError> {
        if self.pause.is_on() {
            return Err(KeyError::Paused);
        }
        let signature = self.key.sign(digest)?;
        // A key service may have taken ten seconds. What is thrown away was never made.
        if self.pause.is_on() {
            return Err(KeyError::Paused);
        }
        Ok(signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{test_key, Signatory};
    use crate::tx::{Action, Draft, Form};
    use spanlight::U256;

    #[test]
    fn no_key_signs_anything_while_the_operator_is_paused() {
        let pause = Pause::default();
        let [operator, payer] = [1, 2].map(|byte| Signatory::own(Arc::new(test_key(byte))));
        let keys = ChainKeys { operator, fee_payer: Some(payer) };
        let keys = pause.gate(keys);
        let to = Address([3; 20]);
        let actions = [Action::Call { to, input: vec![1] }, Action::Cancel, Action::Anchor { payload: vec![1] }];
        for action in actions {
            let draft = Draft {
                chain_id: 1,
                account_nonce: 0,
                gas_price: U256::ONE,
                tip: None,
                gas: 1,
                action,
                form: Form::Ethereum,
            };
            assert!(draft.sign(&keys).is_ok());
            assert!(pause.set(true) && !pause.set(true));
            assert!(matches!(draft.sign(&keys), Err(KeyError::Paused)));
            let alone = ChainKeys { fee_payer: None, ..keys.clone() };
            assert!(matches!(draft.sign(&alone), Err(KeyError::Paused)));
            assert!(matches!(keys.fee_payer.as_ref().unwrap().sign(&Hash([1; 32])), Err(KeyError::Paused)));
            assert!(pause.set(false));
        }
    }
}
