//! Account keys and fee payers: who must sign what, in every form of key that the chain knows.

use spanlight::primitives::{decode_hex, Address, Hash, U256};
use spanlight::rlp::RlpStream;
use spanlight::state::{AccountKey, WeightedKey};
use spanlight::transaction::Transaction;
use spanlight_devnet::pair::COIN;
use spanlight_devnet::{ChainConfig, ChainHandle};
use spanlight_forge::keys;

const OWNER: u64 = 101;
const PAYER: u64 = 102;
const SOMEBODY: Address = Address([0xdd; 20]);
const CHAIN_ID: u64 = 8888;
const PRICE: u64 = 50_000_000_000;

/// What a transaction of the chain's own types says.
#[derive(Clone)]
enum Body {
    Transfer,
    Update(Vec<u8>),
}

/// Signs with several keys; the fee is the payer's, if there is one.
fn signed(nonce: u64, body: &Body, signers: &[u64], payer: Option<(u64, &[u64])>) -> Vec<u8> {
    let number = match body {
        Body::Transfer => 0x08u8,
        Body::Update(_) => 0x20,
    } + u8::from(payer.is_some());
    let build = |signatures: &[[u8; 65]], payer_signatures: &[[u8; 65]]| {
        let mut stream = RlpStream::new();
        stream.begin_unbounded_list();
        stream.append(&nonce).append(&PRICE).append(&300_000u64);
        let own = keys::address(OWNER);
        match body {
            Body::Transfer => stream.append(&SOMEBODY.as_bytes()).append(&1u8).append(&own.as_bytes()),
            Body::Update(key) => stream.append(&own.as_bytes()).append(key),
        };
        append(&mut stream, signatures);
        if let Some((payer, _)) = payer {
            stream.append(&keys::address(payer).as_bytes());
            append(&mut stream, payer_signatures);
        }
        stream.finalize_unbounded_list();
        Transaction::decode(&[&[number], stream.out().as_ref()].concat()).unwrap()
    };
    let blank = build(&[], &[]);
    let sign = |keys: &[u64], digest: Hash| keys.iter().map(|key| keys::sign(*key, &digest)).collect::<Vec<_>>();
    let own = sign(signers, blank.sign_hash(CHAIN_ID));
    let payers = payer.map(|(_, signers)| sign(signers, blank.fee_payer_sign_hash(CHAIN_ID).unwrap()));
    build(&own, &payers.unwrap_or_default()).encode()
}

fn append(stream: &mut RlpStream, signatures: &[[u8; 65]]) {
    stream.begin_list(signatures.len());
    for signature in signatures {
        let v = CHAIN_ID * 2 + 35 + u64::from(signature[64]);
        let word = |at: usize| U256::from_be_slice(&signature[at..at + 32]).to_be_bytes_trimmed_vec();
        stream.begin_list(3).append(&v).append(&word(0)).append(&word(32));
    }
}

fn compressed(key: u64) -> [u8; 33] {
    keys::compressed_public_key(key)
}

fn chain() -> ChainHandle {
    let balances = [OWNER, PAYER].map(|key| (keys::address(key), COIN)).to_vec();
    ChainHandle::start(ChainConfig { balances, ..ChainConfig::main() }).unwrap()
}

fn refused(chain: &ChainHandle, raw: &[u8]) {
    let error = chain.send(raw).unwrap_err().to_string();
    assert!(error.starts_with("invalid signature"), "{error}");
}

fn taken(chain: &ChainHandle, raw: &[u8]) {
    let hash = chain.send(raw).unwrap();
    chain.mine().unwrap();
    assert!(chain.receipt(&hash).unwrap().is_success());
}

#[test]
fn each_kind_of_key_signs_for_its_account_and_no_other_does() {
    let multisig = AccountKey::WeightedMultiSig {
        threshold: 3,
        keys: [(201, 2), (202, 1), (203, 1)].map(|(key, weight)| WeightedKey { weight, key: compressed(key) }).to_vec(),
    };
    let roles = AccountKey::RoleBased(vec![
        AccountKey::Public(compressed(301)),
        AccountKey::Public(compressed(302)),
        AccountKey::Public(compressed(303)),
    ]);
    // New key, who may set it, who then signs a transfer, and who does not.
    type Signers = &'static [u64];
    let cases: [(AccountKey, Signers, Signers, &[Signers]); 3] = [
        (AccountKey::Public(compressed(200)), &[OWNER], &[200], &[&[OWNER], &[200, 200], &[]]),
        (multisig, &[200], &[201, 203], &[&[201], &[202, 203], &[201, 201], &[201, 202, 200]]),
        (roles, &[201, 202, 203], &[301], &[&[302], &[303], &[301, 302]]),
    ];
    let chain = chain();
    let mut nonce = 0;
    for (key, setters, signers, strangers) in cases {
        taken(&chain, &signed(nonce, &Body::Update(key.encode()), setters, None));
        nonce += 1;
        for stranger in strangers {
            refused(&chain, &signed(nonce, &Body::Transfer, stranger, None));
        }
        taken(&chain, &signed(nonce, &Body::Transfer, signers, None));
        nonce += 1;
    }
    let state = chain.chain().state().account(&keys::address(OWNER)).unwrap().unwrap();
    assert!(matches!(state.key, AccountKey::RoleBased(_)), "the key is in the state: {:?}", state.key);
    // Ethereum's types know no key but the address's own.
    let legacy = spanlight_devnet::wallet::sign(&chain.chain(), OWNER, &Default::default());
    refused(&chain, &legacy);
    // The second role alone changes the key.
    let update = Body::Update(AccountKey::Legacy.encode());
    refused(&chain, &signed(nonce, &update, &[301], None));
    taken(&chain, &signed(nonce, &update, &[302], None));
}

#[test]
fn a_fee_payer_must_sign_and_pays() {
    let chain = chain();
    let before = chain.balance(&keys::address(PAYER));
    refused(&chain, &signed(0, &Body::Transfer, &[OWNER], Some((PAYER, &[OWNER]))));
    refused(&chain, &signed(0, &Body::Transfer, &[PAYER], Some((PAYER, &[PAYER]))));
    taken(&chain, &signed(0, &Body::Transfer, &[OWNER], Some((PAYER, &[PAYER]))));
    assert_eq!(chain.balance(&keys::address(OWNER)), COIN - U256::from(1u64));
    assert_eq!(before - chain.balance(&keys::address(PAYER)), U256::from(31_000 * PRICE));
}

#[test]
fn keys_that_cannot_be_read_and_other_chains_transactions_are_refused() {
    let chain = chain();
    let bad = signed(0, &Body::Update(vec![0x05, 0xc0]), &[OWNER], None);
    assert_eq!(chain.send(&bad).unwrap_err().to_string(), "invalid account key");
    let foreign = spanlight_devnet::wallet::sign_with(1, OWNER, 0, U256::from(PRICE), &Default::default());
    assert!(chain.send(&foreign).unwrap_err().to_string().contains("chain 1"));
    assert!(chain.send(&decode_hex("0x78").unwrap()).is_err());
    assert!(chain.send(&[]).is_err());
}
