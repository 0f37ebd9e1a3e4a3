//! A key in AWS KMS, through alloy's signer. Credentials come from the environment, as everywhere with AWS.

use super::{KeyError, Signer};
use alloy_primitives::B256;
use alloy_signer::Signer as _;
use alloy_signer_aws::{aws_config, aws_sdk_kms, AwsSigner};
use spanlight::{Address, Hash};
use tokio::runtime::Handle;

pub(super) struct KmsKey {
    signer: AwsSigner,
    runtime: Handle,
}

pub(super) async fn open(key_id: &str) -> Result<KmsKey, KeyError> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let client = aws_sdk_kms::Client::new(&config);
    let signer = AwsSigner::new(client, key_id.to_owned(), None).await;
    let signer = signer.map_err(|error| KeyError::Service(error.to_string()))?;
    Ok(KmsKey { signer, runtime: Handle::current() })
}

impl Signer for KmsKey {
    fn address(&self) -> Address {
        Address(self.signer.address().into_array())
    }

    /// Waits for the service. Workers have a thread each, so nothing else waits.
    fn sign(&self, digest: &Hash) -> Result<[u8; 65], KeyError> {
        let hash = B256::from(digest.0);
        let signature =
            std::thread::scope(|scope| scope.spawn(|| self.runtime.block_on(self.signer.sign_hash(&hash))).join());
        let signature = signature.map_err(|_| KeyError::Signature)?;
        let signature = signature.map_err(|error| KeyError::Service(error.to_string()))?;
        let mut bytes = signature.as_bytes();
        if let Some(last) = bytes.last_mut() {
            *last = u8::from(signature.v());
        }
        Ok(bytes)
    }
}
