use super::*;
use crate::bundle::ProofBundle;
use crate::trust::Trust;

/// To tell whether a block is whole hashes all its items once more: most checks never ask.
#[test]
fn whether_a_block_is_whole_is_worked_out_only_where_a_check_asks() {
    let bundle = include_bytes!("../../../tests/fixtures/bundles/handled-coin.spl");
    let trust = include_bytes!("../../../tests/fixtures/bundles/handled-coin.trust.json");
    let (bundle, trust): (_, Trust) = (ProofBundle::decode(bundle).unwrap(), serde_json::from_slice(trust).unwrap());
    for proof in &bundle.chains {
        let chain = crate::verify::follow(proof, &trust, 1_795_398_976).unwrap();
        let bridge = trust.ends_from(&proof.chain).unwrap().0.address;
        let evidence = Evidence::verify(&chain, bridge, &proof.blocks, &proof.states).unwrap();
        let known =
            |evidence: &Evidence<'_>| evidence.blocks.values().filter(|block| block.whole.get().is_some()).count();
        assert_eq!(known(&evidence), 0);
        let (first, block) = evidence.blocks.last_key_value().unwrap();
        let items = evidence.whole_block(*first).count();
        assert!(items == 0 || items == block.items.len());
        assert_eq!(known(&evidence), 1);
    }
}
