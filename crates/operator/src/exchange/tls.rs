//! Certificates that are pinned: the other side must show exactly the one that the configuration names. No authority, no name
//! and no date decides; a certificate is changed by changing the configuration.

use super::ExchangeError;
use crate::config::credential::located;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{ring, verify_tls12_signature, verify_tls13_signature, CryptoProvider};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme,
};

/// The certificates that are accepted.
#[derive(Debug)]
pub(super) struct Pinned {
    certificates: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    fn check(&self, shown: &CertificateDer<'_>) -> Result<(), Error> {
        if self.certificates.iter().any(|pinned| pinned.as_ref() == shown.as_ref()) {
            return Ok(());
        }
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
    }
}

macro_rules! signatures_are_checked {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.provider.signature_verification_algorithms.supported_schemes()
        }
    };
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(shown).map(|()| ServerCertVerified::assertion())
    }

    signatures_are_checked!();
}

impl ClientCertVerifier for Pinned {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(shown).map(|()| ClientCertVerified::assertion())
    }

    signatures_are_checked!();
}

fn failed(path: &Path, reason: impl ToString) -> ExchangeError {
    ExchangeError::File { path: path.display().to_string(), reason: reason.to_string() }
}

fn certificate(path: &Path) -> Result<CertificateDer<'static>, ExchangeError> {
    let place = located(path).map_err(|reason| failed(path, reason))?;
    CertificateDer::from_pem_file(place).map_err(|error| failed(path, error))
}

fn own(
    config: &crate::config::Exchange,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), ExchangeError> {
    let place = located(&config.private_key).map_err(|reason| failed(&config.private_key, reason))?;
    let key = PrivateKeyDer::from_pem_file(place).map_err(|error| failed(&config.private_key, error))?;
    Ok((vec![certificate(&config.certificate)?], key))
}

fn pinned<'p>(paths: impl Iterator<Item = &'p Path>) -> Result<Arc<Pinned>, ExchangeError> {
    let certificates = paths.map(certificate).collect::<Result<_, _>>()?;
    Ok(Arc::new(Pinned { certificates, provider: Arc::new(ring::default_provider()) }))
}

/// For serving: every peer may come, and nobody else.
pub(super) fn server(config: &crate::config::Exchange) -> Result<Arc<ServerConfig>, ExchangeError> {
    let peers = pinned(config.peers.iter().map(|peer| peer.certificate.as_path()))?;
    let (chain, key) = own(config)?;
    let provider = Arc::clone(&peers.provider);
    let built = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_client_cert_verifier(peers).with_single_cert(chain, key));
    built.map(Arc::new).map_err(|error| failed(&config.certificate, error))
}

/// For asking one peer: it must be that one.
pub(super) fn client(
    config: &crate::config::Exchange,
    peer: &crate::config::Peer,
) -> Result<Arc<ClientConfig>, ExchangeError> {
    let peers = pinned(std::iter::once(peer.certificate.as_path()))?;
    let (chain, key) = own(config)?;
    let provider = Arc::clone(&peers.provider);
    let built =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().and_then(|builder| {
            builder.dangerous().with_custom_certificate_verifier(peers).with_client_auth_cert(chain, key)
        });
    built.map(Arc::new).map_err(|error| failed(&config.certificate, error))
}

/// Makes a certificate and its key, PEM, for this operator.
///
/// # Errors
/// In words.
pub fn create_certificate(name: &str) -> Result<(String, String), String> {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).map_err(|error| error.to_string())?;
    Ok((made.cert.pem(), made.signing_key.serialize_pem()))
}
