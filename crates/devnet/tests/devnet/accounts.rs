//! Account keys and fee payers: who must sign what, in every form of key that the chain knows.

use spanlight::primitives::{decode_hex, encode_hex, Address, Hash, U256};
use spanlight::rlp::RlpStream;
use spanlight::state::{AccountKey, WeightedKey};
use spanlight::transaction::Transaction;
use spanlight_devnet::pair::COIN;
use spanlight_devnet::wallet::Sending;
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

/// Who pays the fee, the keys that sign for it, and the share of it where it is not all.
type Payer<'k> = (u64, &'k [u64], Option<u8>);

/// Signs with several keys; the fee is the payer's, if there is one.
fn signed(nonce: u64, body: &Body, signers: &[u64], payer: Option<Payer<'_>>) -> Vec<u8> {
    let number = match body {
        Body::Transfer => 0x08u8,
        Body::Update(_) => 0x20,
    } + payer.map_or(0, |(_, _, ratio)| if ratio.is_some() { 2 } else { 1 });
    let build = |signatures: &[[u8; 65]], payer_signatures: &[[u8; 65]]| {
        let mut stream = RlpStream::new();
        stream.begin_unbounded_list();
        stream.append(&nonce).append(&PRICE).append(&300_000u64);
        let own = keys::address(OWNER);
        match body {
            Body::Transfer => stream.append(&SOMEBODY.as_bytes()).append(&1u8).append(&own.as_bytes()),
            Body::Update(key) => stream.append(&own.as_bytes()).append(key),
        };
        if let Some((_, _, Some(ratio))) = payer {
            stream.append(&ratio);
        }
        append(&mut stream, signatures);
        if let Some((payer, ..)) = payer {
            stream.append(&keys::address(payer).as_bytes());
            append(&mut stream, payer_signatures);
        }
        stream.finalize_unbounded_list();
        Transaction::decode(&[&[number], stream.out().as_ref()].concat()).unwrap()
    };
    let blank = build(&[], &[]);
    let sign = |keys: &[u64], digest: Hash| keys.iter().map(|key| keys::sign(*key, &digest)).collect::<Vec<_>>();
    let own = sign(signers, blank.sign_hash(CHAIN_ID));
    let payers = payer.map(|(_, signers, _)| sign(signers, blank.fee_payer_sign_hash(CHAIN_ID).unwrap()));
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

fn why_refused(chain: &ChainHandle, raw: &[u8]) -> String {
    chain.send(raw).unwrap_err().to_string()
}

fn refused(chain: &ChainHandle, raw: &[u8]) {
    assert_eq!(why_refused(chain, raw), "invalid sender: invalid signature");
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
    let words = "invalid sender: a legacy transaction must be with a legacy account key";
    assert_eq!(why_refused(&chain, &legacy), words);
    // The second role alone changes the key.
    let update = Body::Update(AccountKey::Legacy.encode());
    refused(&chain, &signed(nonce, &update, &[301], None));
    taken(&chain, &signed(nonce, &update, &[302], None));
}

#[test]
fn a_fee_payer_must_sign_and_pays() {
    let chain = chain();
    let before = chain.balance(&keys::address(PAYER));
    let stranger = signed(0, &Body::Transfer, &[OWNER], Some((PAYER, &[OWNER], None)));
    assert_eq!(why_refused(&chain, &stranger), "invalid fee payer: invalid signature");
    refused(&chain, &signed(0, &Body::Transfer, &[PAYER], Some((PAYER, &[PAYER], None))));
    taken(&chain, &signed(0, &Body::Transfer, &[OWNER], Some((PAYER, &[PAYER], None))));
    assert_eq!(chain.balance(&keys::address(OWNER)), COIN - U256::from(1u64));
    assert_eq!(before - chain.balance(&keys::address(PAYER)), U256::from(31_000 * PRICE));
}

#[test]
fn keys_that_cannot_be_read_and_other_chains_transactions_are_refused() {
    let chain = chain();
    let update = |key: Vec<u8>| why_refused(&chain, &signed(0, &Body::Update(key), &[OWNER], None));
    assert_eq!(update(vec![0x05, 0xc0]), "invalid account key");
    assert_eq!(update(AccountKey::Public([5; 33]).encode()), "public key is not on curve");
    let twice = [WeightedKey { weight: 1, key: compressed(1) }, WeightedKey { weight: 1, key: compressed(1) }];
    let several = |threshold| AccountKey::WeightedMultiSig { threshold, keys: twice.to_vec() }.encode();
    assert_eq!(update(several(1)), "duplicated key");
    assert_eq!(update(several(0)), "threshold is zero");
    let foreign = spanlight_devnet::wallet::sign_with(1, OWNER, 0, U256::from(PRICE), &Default::default());
    assert!(chain.send(&foreign).unwrap_err().to_string().contains("chain 1"));
    assert!(chain.send(&decode_hex("0x78").unwrap()).is_err());
    assert!(chain.send(&[]).is_err());
}

/// An update may be paid for by another account, whole or in part; what it costs grows with the
/// keys, set and signed.
#[test]
fn an_update_is_paid_by_whoever_pays_and_by_the_number_of_keys() {
    let chain = chain();
    let two = |first: u64| AccountKey::WeightedMultiSig {
        threshold: 2,
        keys: [first, first + 1].map(|key| WeightedKey { weight: 1, key: compressed(key) }).to_vec(),
    };
    let gas = |nonce, key: &AccountKey, signers: &[u64], payer| {
        let hash = chain.send(&signed(nonce, &Body::Update(key.encode()), signers, payer)).unwrap();
        chain.mine().unwrap();
        chain.receipt(&hash).unwrap().gas_used
    };
    let before = chain.balance(&keys::address(OWNER));
    assert_eq!(gas(0, &two(201), &[OWNER], Some((PAYER, &[PAYER], None))), 21_000 + 40_000 + 10_000);
    assert_eq!(chain.balance(&keys::address(OWNER)), before);
    let ratio = Some((PAYER, [PAYER].as_slice(), Some(30)));
    let spent = gas(1, &two(301), &[201, 202], ratio);
    assert_eq!(spent, 21_000 + 40_000 + 15_000 + 15_000, "two signatures cost more than one");
    assert_eq!(before - chain.balance(&keys::address(OWNER)), U256::from(spent * PRICE * 70 / 100));
    assert_eq!(gas(2, &AccountKey::Fail, &[302, 301], None), 21_000 + 15_000);
    // Nobody signs for it any more.
    refused(&chain, &signed(3, &Body::Transfer, &[301, 302], None));
    refused(&chain, &signed(3, &Body::Update(AccountKey::Legacy.encode()), &[OWNER], None));
}

/// What the chain answers to a contract, or anybody, that asks whose keys an account has.
struct Asked<'c> {
    chain: &'c ChainHandle,
    at: Address,
}

impl Asked<'_> {
    fn answer(&self, input: &[u8]) -> Vec<u8> {
        let call = serde_json::json!({ "to": self.at, "data": encode_hex(input) });
        let answer = self.chain.node().call("kaia_call", &[call, "latest".into()]).unwrap();
        decode_hex(answer.as_str().unwrap()).unwrap()
    }

    /// Whether these keys signed for the owner's account.
    fn accepts(&self, signers: &[u64]) -> bool {
        match self.answer(&question(signers)).as_slice() {
            [0] => false,
            [1] => true,
            other => panic!("one byte, 0 or 1: {other:?}"),
        }
    }
}

fn question(signers: &[u64]) -> Vec<u8> {
    let digest = Hash([9; 32]);
    let signatures: Vec<u8> = signers.iter().flat_map(|key| keys::sign(*key, &digest)).collect();
    [keys::address(OWNER).as_bytes(), digest.as_bytes(), &signatures].concat()
}

const FROM_ISTANBUL: Address = low(0x3ff);
const BEFORE: Address = low(0x0b);

const fn low(number: u16) -> Address {
    let mut bytes = [0; 20];
    [bytes[18], bytes[19]] = number.to_be_bytes();
    Address(bytes)
}

#[test]
fn contracts_are_told_whether_an_accounts_keys_of_now_signed() {
    let chain = chain();
    let asked = Asked { chain: &chain, at: FROM_ISTANBUL };
    let update = |nonce, key: &AccountKey, signers: &[u64]| {
        taken(&chain, &signed(nonce, &Body::Update(key.encode()), signers, None));
    };
    assert!(asked.accepts(&[OWNER]) && !asked.accepts(&[200]) && !asked.accepts(&[OWNER, OWNER]));
    update(0, &AccountKey::Public(compressed(200)), &[OWNER]);
    assert!(asked.accepts(&[200]) && !asked.accepts(&[OWNER]), "the replaced key is nobody's");
    let weighted = AccountKey::WeightedMultiSig {
        threshold: 3,
        keys: [(201, 2), (202, 1), (203, 1)].map(|(key, weight)| WeightedKey { weight, key: compressed(key) }).to_vec(),
    };
    update(1, &weighted, &[200]);
    assert!(asked.accepts(&[201, 203]) && !asked.accepts(&[202, 203]) && !asked.accepts(&[201, 203, OWNER]));
    let roles = [301, 302, 303].map(|key| AccountKey::Public(compressed(key))).to_vec();
    update(2, &AccountKey::RoleBased(roles), &[201, 202]);
    assert!(asked.accepts(&[301]) && !asked.accepts(&[302]) && !asked.accepts(&[303]), "the role of transactions");
    // A role that nobody has: the others stay.
    update(3, &AccountKey::RoleBased(vec![AccountKey::Fail]), &[302]);
    assert!(!asked.accepts(&[301]));
}

#[test]
fn the_chains_check_answers_one_byte_whatever_it_is_asked() {
    let chain = chain();
    let asked = Asked { chain: &chain, at: FROM_ISTANBUL };
    let good = question(&[OWNER]);
    assert_eq!(asked.answer(&good), [1]);
    for bad in [&[][..], &good[..19], &good[..51], &good[..52], &good[..116], &[good.as_slice(), &[0]].concat()] {
        assert_eq!(asked.answer(bad), [0], "{} bytes", bad.len());
    }
    for (place, value) in [(116, 2), (116, 27), (52, 0xff), (60, 1)] {
        let mut other = good.clone();
        other[place] = value;
        assert_eq!(asked.answer(&other), [0], "byte {place}");
    }
    // Before Istanbul it stood elsewhere, and a chain of Ethereum's kind has none.
    let start = |config: ChainConfig| ChainHandle::start(config).unwrap();
    let forks = [ChainConfig::service().forks, spanlight::profile::ForkSchedule::default()];
    let [istanbul, before] = forks.map(|forks| start(ChainConfig { forks, ..ChainConfig::service() }));
    for (chain, here, not_here) in [(&istanbul, FROM_ISTANBUL, BEFORE), (&before, BEFORE, FROM_ISTANBUL)] {
        assert_eq!(Asked { chain, at: here }.answer(&good), [1]);
        assert_eq!(Asked { chain, at: not_here }.answer(&good), [] as [u8; 0]);
    }
    let plain = start(ChainConfig { account_keys: false, ..ChainConfig::main() });
    assert_eq!(Asked { chain: &plain, at: FROM_ISTANBUL }.answer(&good), [] as [u8; 0]);
}

#[test]
fn the_chains_check_costs_gas_by_the_signature() {
    let chain = chain();
    let gas = |input: &[u8]| {
        let sending = Sending { gas: Some(300_000), ..Sending::call(FROM_ISTANBUL, input.to_vec()) };
        let raw = spanlight_devnet::wallet::sign(&chain.chain(), OWNER, &sending);
        let hash = chain.send(&raw).unwrap();
        chain.mine().unwrap();
        chain.receipt(&hash).unwrap().gas_used
    };
    let input = vec![1u8; 52 + 2 * 65];
    assert_eq!(gas(&input[..64]), 21_000 + 40 * 64, "no whole signature: the floor for data");
    assert_eq!(gas(&input), 21_000 + 16 * 182 + 2 * 5_000);
}

/// As Kaia's nodes show keys.
#[test]
fn an_accounts_key_is_shown_with_its_points() {
    let chain = chain();
    let key = AccountKey::RoleBased(vec![AccountKey::Public(compressed(200)), AccountKey::Fail]);
    taken(&chain, &signed(0, &Body::Update(key.encode()), &[OWNER], None));
    let [x, y] = keys::coordinates(&compressed(200)).unwrap();
    let point = serde_json::json!({ "x": x, "y": y });
    let expected = serde_json::json!({
        "keyType": 5,
        "key": [{ "keyType": 2, "key": point }, { "keyType": 3, "key": {} }],
    });
    let ask =
        |method: &str| chain.node().call(method, &[keys::address(OWNER).to_string().into(), "latest".into()]).unwrap();
    assert_eq!(ask("kaia_getAccountKey"), expected);
    assert_eq!(ask("klay_getAccountKey"), expected);
    let account = ask("kaia_getAccount");
    assert_eq!((&account["accType"], &account["account"]["key"]), (&1.into(), &expected));
}

/// Creation code of a contract that asks the address `at` whatever it is asked, and gives the
/// answer on.
fn asking(at: Address) -> Vec<u8> {
    const CREATE: &str = "0x6018600c60003960186000f3";
    let [.., high, low] = at.0;
    let ask = format!("0x363d3d373d3d363d61{high:02x}{low:02x}5afa503d600060003e3d6000f3");
    [decode_hex(CREATE).unwrap(), decode_hex(&ask).unwrap()].concat()
}

/// A contract keeps the addresses of the fork at which it was made.
#[test]
fn a_contract_finds_the_chains_check_where_it_was_when_the_contract_was_made() {
    let forks = spanlight::profile::ForkSchedule { istanbul: Some(4), ..Default::default() };
    let balances = vec![(keys::address(OWNER), COIN)];
    let chain = ChainHandle::start(ChainConfig { forks, balances, ..ChainConfig::service() }).unwrap();
    let make = |at| {
        let nonce = chain.chain().pending_nonce(&keys::address(OWNER));
        let sending = Sending { input: asking(at), gas: Some(300_000), ..Sending::default() };
        let raw = spanlight_devnet::wallet::sign(&chain.chain(), OWNER, &sending);
        taken(&chain, &raw);
        spanlight_devnet::wallet::created(&keys::address(OWNER), nonce)
    };
    let old = [BEFORE, FROM_ISTANBUL].map(make);
    chain.mine_many(3).unwrap();
    let new = [BEFORE, FROM_ISTANBUL].map(make);
    let answers = |made: [Address; 2]| made.map(|at| Asked { chain: &chain, at }.answer(&question(&[OWNER])));
    assert_eq!(answers(old), [vec![1], vec![]]);
    assert_eq!(answers(new), [vec![], vec![1]]);
}
