//! A key in AWS KMS, through alloy's signer. Credentials and region come from the environment, as everywhere with AWS.

use super::{complete, KeyError, Signer};
use alloy_primitives::B256;
use alloy_signer::Signer as _;
use alloy_signer_aws::{aws_sdk_kms, AwsSigner};
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::tls::{rustls_provider::CryptoMode, Provider};
use spanlight::{Address, Hash};
use std::time::Duration;
use tokio::runtime::Handle;

/// For one signature. The service's own client tries again for longer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct KmsKey {
    signer: AwsSigner,
    runtime: Handle,
    patience: Duration,
}

pub(super) async fn open(key_id: &str) -> Result<KmsKey, KeyError> {
    open_at(aws_config::defaults(BehaviorVersion::latest()), key_id).await
}

async fn open_at(service: ConfigLoader, key_id: &str) -> Result<KmsKey, KeyError> {
    let https = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let client = aws_sdk_kms::Client::new(&service.http_client(https).load().await);
    let signer = AwsSigner::new(client, key_id.to_owned(), None).await;
    let signer = signer.map_err(|error| KeyError::Service(words(&error)))?;
    Ok(KmsKey { signer, runtime: Handle::current(), patience: PATIENCE })
}

/// The service's errors say little themselves; their causes do.
fn words(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |words, cause| format!("{words}: {cause}"))
}

impl Signer for KmsKey {
    fn address(&self) -> Address {
        Address(self.signer.address().into_array())
    }

    /// Waits for the service. Workers have a thread each, so nothing else waits.
    fn sign(&self, digest: &Hash) -> Result<[u8; 65], KeyError> {
        let hash = B256::from(digest.0);
        let asked = async { tokio::time::timeout(self.patience, self.signer.sign_hash(&hash)).await };
        let signature = std::thread::scope(|scope| scope.spawn(|| self.runtime.block_on(asked)).join());
        let signature = signature.map_err(|_| KeyError::Signature)?;
        let signature = signature.map_err(|_| KeyError::Service("no answer in time".to_owned()))?;
        let signature = signature.map_err(|error| KeyError::Service(words(&error)))?;
        let bytes = signature.as_bytes();
        // What the service answered is checked like any other device's signature.
        complete(bytes.get(..64).unwrap_or_default(), digest, self.address())
    }
}

#[cfg(test)]
mod tests;
