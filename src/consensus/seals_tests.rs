use super::*;
use crate::consensus::testing::{address_of, addresses_of, child_of, council_of, seal, sign, small_client, Vectors};
use crate::header::HeaderFields;
use crate::primitives::{decode_hex, U256};
use crate::profile::QuorumPolicy;

/// A sealed child of the genesis of a four-validator chain, and the means to check it.
struct Case {
    profile: ChainProfile,
    council: Council,
    parameters: Parameters,
    genesis: UntrustedHeader,
    unsealed: UntrustedHeader,
}

impl Case {
    fn new() -> Self {
        Self::of(&[1, 2, 3, 4])
    }

    fn of(keys: &[u64]) -> Self {
        let client = small_client(keys);
        Self {
            profile: client.profile().clone(),
            council: council_of(keys),
            parameters: client.parameters().clone(),
            genesis: client.head().header().clone(),
            unsealed: child_of(&client),
        }
    }

    fn check(&self, header: &UntrustedHeader) -> Result<SealReport, ConsensusError> {
        check(header, &self.context())
    }

    fn context(&self) -> SealContext<'_> {
        SealContext {
            profile: &self.profile,
            council: &self.council,
            parameters: &self.parameters,
            parent: Some(&self.genesis),
        }
    }

    fn sealed(&self, proposer: u64, signers: &[u64]) -> Result<SealReport, ConsensusError> {
        self.check(&seal(&self.unsealed, proposer, signers))
    }

    /// The header sealed well, then changed without sealing it anew.
    fn changed(&self, change: impl FnOnce(&mut HeaderFields)) -> Result<SealReport, ConsensusError> {
        let mut fields = seal(&self.unsealed, 1, &[1, 2, 3]).into_fields();
        change(&mut fields);
        self.check(&UntrustedHeader::new(fields))
    }
}

#[test]
fn recovers_proposer_and_committers_of_every_vector() {
    let vectors = Vectors::load();
    for (name, case) in vectors.json["headers"].as_object().unwrap() {
        let header = UntrustedHeader::decode(&decode_hex(case["rlp"].as_str().unwrap()).unwrap()).unwrap();
        let proposer: Address = serde_json::from_value(case["proposer"].clone()).unwrap();
        let committers: Vec<Address> = serde_json::from_value(case["committers"].clone()).unwrap();
        assert_eq!(proposer_of(&header), Ok(proposer), "{name}");
        let lines = report(&header, &council_of(&[1, 2, 3, 4]));
        assert!(lines.iter().all(|line| line.outcome == SealOutcome::Counted), "{name}");
        let signers: Vec<Address> = lines.iter().filter_map(|line| line.address).collect();
        assert_eq!(signers, committers, "{name}");
    }
}

#[test]
fn accepts_a_quorum_in_any_order_and_names_the_absent() {
    let report = Case::new().sealed(1, &[4, 1, 3]).unwrap();
    assert_eq!(report.proposer, address_of(1));
    assert_eq!(report.signers, addresses_of(&[4, 1, 3]));
    assert_eq!(report.absent, addresses_of(&[2]));
    assert_eq!((report.required, report.members, report.committee_checked), (3, 4, false));
}

#[test]
fn rejects_a_proposer_seal_that_cannot_be_read() {
    let case = Case::new();
    assert_eq!(case.changed(|f| f.extra.seal.truncate(64)).map_err(|e| e.code()), Err("consensus.foreign_seal"));
    let with_seal = |change: fn(&mut Vec<u8>)| {
        let mut fields = seal(&case.unsealed, 1, &[]).into_fields();
        change(&mut fields.extra.seal);
        let digest = committed_digest(&fields.hash());
        fields.extra.committed_seals = [1, 2, 3].map(|key| sign(key, &digest)).to_vec();
        case.check(&UntrustedHeader::new(fields))
    };
    assert_eq!(with_seal(|seal| seal.truncate(64)), Err(ConsensusError::ProposerSealLength { got: 64 }));
    let unreadable = |e| Err(ConsensusError::ProposerSeal(e));
    assert_eq!(with_seal(|seal| seal[64] = 4), unreadable(CurveError::RecoveryId { got: 4 }));
    assert_eq!(with_seal(|seal| seal[..32].fill(0)), unreadable(CurveError::ScalarR));
}

#[test]
fn rejects_a_proposer_outside_the_council() {
    assert_eq!(Case::new().sealed(5, &[1, 2, 3]), Err(ConsensusError::ProposerNotInCouncil(address_of(5).into())));
}

#[test]
fn rejects_any_field_changed_after_sealing() {
    let case = Case::new();
    let foreign = |result: Result<SealReport, ConsensusError>| {
        assert_eq!(result.map_err(|e| e.code()), Err("consensus.foreign_seal"));
    };
    foreign(case.changed(|f| f.receipts_root = Hash([9; 32])));
    foreign(case.changed(|f| f.state_root = Hash([9; 32])));
    foreign(case.changed(|f| f.time += 1));
    foreign(case.changed(|f| f.extra.validators.truncate(3)));
    foreign(case.changed(|f| f.extra.vanity[0] = 1));
}

#[test]
fn the_proposer_seal_covers_the_fields_too() {
    let case = Case::new();
    let mut fields = seal(&case.unsealed, 1, &[]).into_fields();
    fields.receipts_root = Hash([9; 32]);
    let digest = committed_digest(&fields.hash());
    fields.extra.committed_seals = [1, 2, 3].map(|key| sign(key, &digest)).to_vec();
    let result = case.check(&UntrustedHeader::new(fields));
    assert_eq!(result.map_err(|e| e.code()), Err("consensus.proposer_not_in_council"));
}

#[test]
fn accepts_a_false_validator_list_that_a_quorum_sealed_and_does_not_use_it() {
    let case = Case::new();
    let mut fields = case.unsealed.clone().into_fields();
    fields.extra.validators = addresses_of(&[6]);
    let header = seal(&UntrustedHeader::new(fields), 1, &[1, 2, 3]);
    assert_eq!(case.check(&header).map(|report| report.required), Ok(3));
}

#[test]
fn the_round_byte_changes_nothing() {
    assert!(Case::new().changed(|f| f.extra.vanity[31] = 7).is_ok());
}

#[test]
fn rejects_a_header_without_committed_seals() {
    assert_eq!(Case::new().sealed(1, &[]), Err(ConsensusError::NoSeals));
}

#[test]
fn rejects_a_committed_seal_over_something_else() {
    let case = Case::new();
    let header = seal(&case.unsealed, 1, &[1, 2]);
    let hash = header.hash();
    let over = |bytes: &[u8]| {
        let mut fields = header.clone().into_fields();
        fields.extra.committed_seals.push(sign(3, &crate::keccak256(bytes)));
        let result = case.check(&UntrustedHeader::new(fields));
        assert!(matches!(result, Err(ConsensusError::ForeignSeal { index: 2, .. })), "{result:?}");
    };
    over(&hash.0);
    over(&[&hash.0[..], &[1]].concat());
    over(&[&hash.0[..], &[3]].concat());
    over(&[&case.genesis.hash().0[..], &[2]].concat());
}

#[test]
fn rejects_a_repeated_signer_also_as_its_high_s_twin() {
    let case = Case::new();
    let repeated = Err(ConsensusError::RepeatedSeal { index: 3, signer: address_of(2).into() });
    assert_eq!(case.sealed(1, &[1, 2, 3, 2]), repeated);
    let order: U256 = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141".parse().unwrap();
    let with_twin = case.changed(|fields| {
        let mut twin = fields.extra.committed_seals[1];
        let s = U256::from_be_slice(&twin[32..64]);
        twin[32..64].copy_from_slice(&(order - s).to_be_bytes::<32>());
        twin[64] ^= 1;
        fields.extra.committed_seals.push(twin);
    });
    assert_eq!(with_twin, repeated);
}

#[test]
fn rejects_one_foreign_seal_among_enough_good_ones() {
    let foreign = Err(ConsensusError::ForeignSeal { index: 3, signer: address_of(5).into() });
    assert_eq!(Case::new().sealed(1, &[1, 2, 3, 5]), foreign);
}

#[test]
fn rejects_an_unreadable_seal_among_enough_good_ones() {
    let result = Case::new().changed(|fields| fields.extra.committed_seals.push([0; 65]));
    assert_eq!(result, Err(ConsensusError::CommittedSeal { index: 3, source: CurveError::ScalarR }));
}

#[test]
fn rejects_more_seals_than_members_before_reading_any() {
    let result = Case::new().changed(|fields| fields.extra.committed_seals = Vec::from([[0; 65]; 5]));
    assert_eq!(result, Err(ConsensusError::TooManySeals { members: 4, got: 5 }));
}

#[test]
fn rejects_two_f_seals() {
    assert_eq!(Case::new().sealed(1, &[1, 2]), Err(ConsensusError::QuorumMissed { required: 3, got: 2 }));
}

#[test]
fn between_the_two_rules_only_the_node_policy_accepts() {
    let mut case = Case::of(&[1, 2, 3, 4, 5]);
    assert_eq!(case.sealed(1, &[1, 2, 3]), Err(ConsensusError::QuorumMissed { required: 4, got: 3 }));
    case.profile.quorum = QuorumPolicy::Node;
    assert_eq!(case.sealed(1, &[1, 2, 3]).map(|report| report.required), Ok(3));
}

#[test]
fn signers_must_sit_in_one_committee_where_it_can_be_computed() {
    let keys = [1, 2, 3, 4, 5, 6, 7, 8];
    let mut case = Case::of(&keys);
    case.parameters.committee_size = 4;
    for round_robin_or_sticky in [0, 1] {
        case.parameters.proposer_policy = round_robin_or_sticky;
        let lottery = lottery(1, &case.context()).unwrap().unwrap();
        let committee = lottery.committee(3);
        let sitting: Vec<u64> = keys.iter().copied().filter(|key| committee.contains(&address_of(*key))).collect();
        assert_eq!(sitting.len(), 4);
        let report = case.sealed(sitting[0], &sitting).unwrap();
        assert_eq!((report.required, report.members, report.committee_checked), (3, 4, true));
        assert_eq!(case.sealed(1, &keys), Err(ConsensusError::OutsideCommittee));
    }
    let without_parent = SealContext { parent: None, ..case.context() };
    let report = check(&seal(&case.unsealed, 1, &keys), &without_parent).unwrap();
    assert!(!report.committee_checked);
}

#[test]
fn under_legacy_rules_no_committee_is_checked() {
    let keys = [1, 2, 3, 4, 5, 6, 7, 8];
    let mut case = Case::of(&keys);
    case.parameters.committee_size = 4;
    case.profile.vote_rules = VoteRules::Legacy;
    for policy in [0, 1] {
        case.parameters.proposer_policy = policy;
        let report = case.sealed(1, &keys).unwrap();
        assert_eq!((report.members, report.committee_checked), (4, false));
    }
}

#[test]
fn signers_outside_an_assumed_committee_accuse_nobody() {
    let keys = [1, 2, 3, 4, 5, 6, 7, 8];
    let mut case = Case::of(&keys);
    (case.parameters.committee_size, case.parameters.proposer_policy) = (4, 2);
    case.profile.qualified = Some(Qualified::Council);
    case.profile.forks.randao = Some(1);
    let assumed = Err(ConsensusError::uncovered(Uncovered::OutsideAssumedCommittee));
    assert_eq!(case.sealed(1, &keys), assumed);
    // Before Istanbul the policy demotes nobody, so that nothing is assumed.
    case.profile.forks.istanbul = Some(2);
    assert_eq!(case.sealed(1, &keys), Err(ConsensusError::OutsideCommittee));
}

#[test]
fn weighted_random_needs_to_be_told_who_is_qualified() {
    let mut case = Case::new();
    case.parameters.proposer_policy = 2;
    let unsupported = Err(ConsensusError::uncovered(Uncovered::QualifiedUnknown));
    assert_eq!(case.sealed(1, &[1, 2, 3]), unsupported);
    case.profile.qualified = Some(Qualified::AtLeast(0));
    assert_eq!(case.sealed(1, &[1, 2, 3]), unsupported);
    case.profile.qualified = Some(Qualified::Council);
    assert_eq!(case.sealed(1, &[1, 2, 3]).map(|report| report.members), Ok(4));
    case.profile.qualified = Some(Qualified::AtLeast(2));
    assert_eq!(case.sealed(1, &[1, 2]).map(|report| report.required), Ok(2));
    case.parameters.committee_size = 1;
    assert_eq!(counted_members(&case.profile, &case.parameters, &case.council, 1), Ok(1));
}

#[test]
fn weighted_random_demotes_nobody_before_the_istanbul_fork() {
    let mut case = Case::new();
    case.parameters.proposer_policy = 2;
    case.profile.forks.istanbul = Some(2);
    assert_eq!(case.sealed(1, &[1, 2, 3]).map(|report| report.members), Ok(4));
}

#[test]
fn a_weighted_random_committee_is_known_from_randao_on_if_nobody_is_demoted() {
    let mut case = Case::new();
    case.parameters.proposer_policy = 2;
    case.parameters.committee_size = 2;
    let drawn = |case: &Case| lottery(1, &case.context()).unwrap().is_some();
    case.profile.qualified = Some(Qualified::Council);
    assert!(!drawn(&case));
    case.profile.forks.randao = Some(1);
    assert!(drawn(&case));
    case.profile.qualified = Some(Qualified::AtLeast(4));
    assert!(!drawn(&case));
    assert_eq!(case.sealed(1, &[1, 2, 3]).map(|report| report.committee_checked), Ok(false));
}

#[test]
fn an_unknown_policy_or_a_committee_of_none_is_unsupported() {
    let mut case = Case::new();
    case.parameters.proposer_policy = 3;
    assert_eq!(case.sealed(1, &[1, 2, 3]), Err(ConsensusError::uncovered(Uncovered::ProposerPolicy)));
    case.parameters.proposer_policy = 0;
    case.parameters.committee_size = 0;
    assert_eq!(case.sealed(1, &[1, 2, 3]), Err(ConsensusError::uncovered(Uncovered::CommitteeSizeZero)));
}

#[test]
fn the_report_tells_what_became_of_each_seal() {
    let case = Case::new();
    let mut fields = seal(&case.unsealed, 1, &[1, 1, 5]).into_fields();
    fields.extra.committed_seals.push([0; 65]);
    fields.extra.committed_seals.push([0; 65]);
    let lines = report(&UntrustedHeader::new(fields), &case.council);
    let outcomes: Vec<SealOutcome> = lines.iter().map(|line| line.outcome).collect();
    let unreadable = SealOutcome::Unreadable(CurveError::ScalarR);
    assert_eq!(outcomes, [SealOutcome::Counted, SealOutcome::Repeated, SealOutcome::Foreign, unreadable]);
}
