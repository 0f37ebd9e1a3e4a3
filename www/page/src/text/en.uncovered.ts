// What is not covered, by the core's codes, and the next step. Nothing of this accuses anybody.

export interface UncoveredWords {
  /** What was met. */
  what: string;
  /** What a person can do. */
  next: string;
}

const NEWER = "A newer version of Spanlight may cover it.";
const JUMP = "A newer checkpoint after this block goes around it, if people you believe vouch for that block.";

const words = {
  "consensus.governance_by_contract": {
    what: "this chain takes parameters from a governance contract, and block headers do not show them",
    next: "Ask whoever made the trust file whether it can name the contract's values. " + NEWER,
  },
  "consensus.governance_by_ballot": { what: "this chain counts governance votes by ballot over a whole epoch", next: JUMP },
  "consensus.qualified_unknown": {
    what: "this chain leaves out validators with too little stake, and the trust file does not say how many remain",
    next: "Set `qualified` in the chain's profile of the trust file: \"council\" where nobody is left out, or { at_least = N }.",
  },
  "consensus.proposer_policy": { what: "the chain's proposer policy is one that no release of the node defines", next: "Check the trust file's parameters. " + NEWER },
  "consensus.committee_size_zero": { what: "the chain's parameters give a committee without seats", next: "Check the committee size in the trust file." },
  "consensus.epoch_zero": { what: "the chain's parameters give an epoch of zero blocks", next: "Check the epoch in the trust file." },
  "consensus.vote_in_genesis": { what: "the genesis block carries a vote", next: "Start from a later checkpoint." },
  "consensus.legacy_joined_addresses": { what: "an old vote joins several addresses in one text", next: JUMP },
  "consensus.legacy_votes_of_demoted": { what: "whether an old vote counted depends on the validators' stake at that time", next: JUMP },
  vote_by_other: {
    what: "a vote that the governing node did not cast is to be followed, and the trust file accepts only the governing node's",
    next: "Ask whoever runs the chain about that vote. By such a vote one validator can replace all others.",
  },
  "consensus.outside_assumed_committee": {
    what: "the signers are in no committee that could have been drawn, if as many validators are qualified as the trust file assumes",
    next: "The assumption may be false: ask whoever made the trust file about `qualified`.",
  },
  "consensus.legacy_announcement": { what: "an old announcement of parameters has a form, or a place, of which it is not known what nodes of that time made", next: JUMP },
  "consensus.epoch_change": { what: "an old vote changes the length of the epoch, by which announcements are counted", next: JUMP },
  "consensus.field_too_long": { what: "a vote or an announcement is longer than is followed here", next: JUMP },
  "consensus.council_too_large": { what: "the council has more members than are followed here", next: NEWER },
  "header.permissionless_fork": { what: "the chain has reached the Permissionless fork, whose headers have other fields and seals", next: NEWER },
  "transaction.price": { what: "a block holds a transaction whose gas price has more than 256 bits", next: NEWER },
  "transaction.unsupported_type": { what: "a block holds a transaction of a type that is not known here", next: NEWER },
  "votes.threshold_changed_in_block": { what: "the number of votes needed changed in the very block that decided", next: "Look at both changes by hand: the order inside that block decides." },
  "votes.former_operators_decided": { what: "operators who left in the deciding block were needed to reach the threshold", next: "Look at that block by hand: the order inside it decides." },
  "votes.too_many_voters": { what: "there are more voters for this request than are followed", next: NEWER },
  "votes.executed_key_unknown": { what: "which of the votes was executed cannot be told apart", next: "Look at the executing transaction by hand." },
  "bridge.bound_to_another_source": {
    what: "the destination bridge serves another source than the one your trust file pairs it with",
    next: "Check the bridge pair in the trust file.",
  },
  "bridge.unknown_code": {
    what: "a bridge runs code that the trust file does not accept",
    next: "Ask the bridge's owner which code it runs, and whoever made the trust file to add its hash once it is checked.",
  },
  "bridge.token_not_registered": { what: "the source bridge names no token of the destination for this one", next: "Ask the bridge's owner about the token's registration." },
  "bridge.token_mapping_changed": { what: "the token's registration changed while it mattered", next: "Ask the bridge's owner why it changed. Operators may have acted on the old registration in good faith." },
  "bridge.token_uri_unknown": { what: "the token's URI cannot be told from the request", next: "Compare the token's URI on both chains by hand." },
  "bridge.executed_call_unknown": { what: "the executing call is hidden inside another contract's call", next: "Look at the executing transaction by hand." },
  "bridge.undecodable_call": { what: "the executing call cannot be read", next: "Look at the executing transaction by hand." },
  "bridge.unusual_token": { what: "the token moved the value in an unusual way", next: "Look at the token contract's events by hand." },
} satisfies Record<string, UncoveredWords>;

/** By the code of what is not covered. */
export const uncovered: Record<keyof typeof words, UncoveredWords> = words;

/** What is said around it. */
export const uncoveredTold = {
  /** The sentence of a verdict. */
  place: (what: string, chain: string | null, block: string | null): string => `${what}${chain === null ? "" : `, on ${chain}`}${block === null ? "" : `, at block ${block}`}`,
  /** The title where a chain cannot be followed for it. */
  title: "This is not covered.",
  unknown: (code: string): string => `a rule that this page has no words for (${code})`,
  unknownNext: NEWER,
};
