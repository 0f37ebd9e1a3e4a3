//! The service's client, over HTTP, against a service of the same two calls.

use super::*;
use alloy_signer::k256::ecdsa::signature::hazmat::PrehashSigner;
use alloy_signer::k256::ecdsa::{Signature, SigningKey};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::Json;
use serde_json::{json, Value};
use spanlight::crypto::recover_address;

/// Subject public key info of a point of secp256k1, up to the point (RFC 5480).
const SPKI: &str = "3056301006072a8648ce3d020106052b8104000a034200";

/// How the service answers `Sign`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    Honest,
    /// With another key.
    Lying,
    Refusing,
    Silent,
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_slice(&[byte; 32]).unwrap()
}

async fn answer(State(mood): State<Mood>, headers: HeaderMap, body: String) -> (axum::http::StatusCode, Json<Value>) {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD;
    let asked: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(asked["KeyId"], "alias/operator");
    assert!(headers["authorization"].to_str().unwrap().starts_with("AWS4-HMAC-SHA256 Credential=ID/"));
    let ok = axum::http::StatusCode::OK;
    match headers["x-amz-target"].to_str().unwrap() {
        "TrentService.GetPublicKey" => {
            let point = key(7).verifying_key().to_encoded_point(false);
            let der = [alloy_primitives::hex::decode(SPKI).unwrap().as_slice(), point.as_bytes()].concat();
            (
                ok,
                Json(
                    json!({ "KeyId": "alias/operator", "PublicKey": base64.encode(der), "KeySpec": "ECC_SECG_P256K1" }),
                ),
            )
        }
        "TrentService.Sign" if mood == Mood::Silent => std::future::pending().await,
        "TrentService.Sign" if mood == Mood::Refusing => {
            let told = json!({ "__type": "AccessDeniedException", "message": "not this account" });
            (axum::http::StatusCode::BAD_REQUEST, Json(told))
        }
        "TrentService.Sign" => {
            assert_eq!(
                (&asked["MessageType"], &asked["SigningAlgorithm"]),
                (&json!("DIGEST"), &json!("ECDSA_SHA_256"))
            );
            let digest = base64.decode(asked["Message"].as_str().unwrap()).unwrap();
            let signing = key(if mood == Mood::Lying { 8 } else { 7 });
            let signature: Signature = signing.sign_prehash(&digest).unwrap();
            let der = base64.encode(signature.to_der().as_bytes());
            (ok, Json(json!({ "KeyId": "alias/operator", "Signature": der, "SigningAlgorithm": "ECDSA_SHA_256" })))
        }
        other => panic!("{other}"),
    }
}

async fn open_from(mood: Mood) -> KmsKey {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = axum::Router::new().fallback(answer).with_state(mood);
    tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    let credentials = aws_sdk_kms::config::Credentials::new("ID", "SECRET", None, None, "test");
    let region = aws_sdk_kms::config::Region::new("ap-northeast-2");
    let service = aws_config::defaults(BehaviorVersion::latest()).region(region).endpoint_url(url);
    open_at(service.credentials_provider(credentials), "alias/operator").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_the_service_signs_with_low_s_and_its_own_address() {
    let key = open_from(Mood::Honest).await;
    assert_eq!(key.address(), super::super::test_key(7).address());
    for byte in 0..4 {
        let digest = Hash([byte; 32]);
        assert_eq!(recover_address(&digest, &key.sign(&digest).unwrap()), Ok(key.address()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_of_another_key_is_not_sent() {
    assert!(open_from(Mood::Lying).await.sign(&Hash([1; 32])).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_why() {
    let refused = open_from(Mood::Refusing).await.sign(&Hash([1; 32])).unwrap_err();
    assert!(refused.to_string().contains("not this account"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_is_not_waited_for() {
    let key = KmsKey { patience: Duration::from_millis(300), ..open_from(Mood::Silent).await };
    let refused = key.sign(&Hash([1; 32])).unwrap_err();
    assert!(refused.to_string().contains("no answer in time"), "{refused}");
}
