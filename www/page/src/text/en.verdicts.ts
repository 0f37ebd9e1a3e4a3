// What each verdict means in words, and what a person can do next.

/** What a sentence may need to know. */
export interface Told {
  from: string;
  to: string;
  votes: string;
  threshold: string;
  detail: string;
}

export interface Words {
  headline: string;
  sentence: (told: Told) => string;
  next: string[];
}

const tellOperators = "Send the proof file to the bridge's operators: it names the transfer beyond doubt.";

const words = {
  handled: {
    headline: "It arrived",
    sentence: ({ from, to, votes, threshold }) =>
      `The bridge on ${to} did exactly what was requested on ${from}, by ${votes} equal votes where ${threshold} are needed.`,
    next: ["Nothing is left to do. Keep the proof file as a receipt: anybody can check it offline."],
  },
  handled_with_warning: {
    headline: "It arrived, with a reservation",
    sentence: ({ from, to }) => `The bridge on ${to} did what was requested on ${from}. Read the notes below: something about this proof deserves attention.`,
    next: ["Read the notes, and check again with a newer proof or with your own nodes if they matter to you."],
  },
  requested: {
    headline: "On its way, no vote yet",
    sentence: ({ from, to }) => `${from} has recorded the request. No operator has voted for it on ${to} so far.`,
    next: ["Wait some minutes and check again.", "If it stays like this longer than the bridge usually takes, send the proof file to the operators."],
  },
  voting: {
    headline: "On its way, votes are coming in",
    sentence: ({ to, votes, threshold }) => `${votes} of the ${threshold} votes needed have been cast on ${to}.`,
    next: ["Wait some minutes and check again."],
  },
  "stuck.delivery_reverted": {
    headline: "Stuck: the last attempt failed",
    sentence: ({ to, votes, threshold, detail }) =>
      `${votes} of ${threshold} votes are there, but the deciding call on ${to} reverted (${detail}). It may still succeed later.`,
    next: [
      "Ask the operators why the call reverts: often the bridge may not mint the token, or the recipient refuses it.",
      tellOperators,
    ],
  },
  "stuck.votes_differ": {
    headline: "Stuck: the operators disagree",
    sentence: () => "Operators voted for different things, so that none of these votes can reach the threshold any more.",
    next: ["The operators listed as voting otherwise must explain themselves.", tellOperators],
  },
  "stuck.no_liquidity": {
    headline: "Stuck: the bridge holds too little coin",
    sentence: ({ to, detail }) => `The bridge on ${to} cannot pay this transfer out now (${detail}).`,
    next: ["Ask the bridge's owner to add coin. The transfer can be completed afterwards.", tellOperators],
  },
  "stuck.votes_missing": {
    headline: "Stuck: operators have not voted",
    sentence: ({ to, votes, threshold }) => `The request is older than you allow, and ${to} has ${votes} of the ${threshold} votes needed.`,
    next: ["The operators may be down, or behind. Ask them.", tellOperators],
  },
  "stuck.bridge_paused": {
    headline: "Waiting: the bridge is paused",
    sentence: ({ to, votes, threshold, detail }) => `The bridge on ${to} is paused and takes no votes until it is resumed (${detail}). ${votes} of ${threshold} votes are there.`,
    next: ["Nothing is wrong with this transfer: it goes on once the bridge is resumed.", "Ask the bridge's operators or its owner why it is paused."],
  },
  "stuck.outflow_limit": {
    headline: "Waiting: the bridge's outflow limit holds it back",
    sentence: ({ to, votes, threshold, detail }) => `${votes} of ${threshold} votes are there, and the bridge on ${to} lets only so much leave in a day (${detail}).`,
    next: [
      "Nothing is wrong with this transfer: it leaves as soon as it fits, at that time at the latest.",
      "Once it may leave, an operator that votes again lets it.",
    ],
  },
  "fraud.never_requested": {
    headline: "Fraud: executed, but never requested",
    sentence: ({ from, to }) => `The bridge on ${to} executed a transfer that nobody requested on ${from}. The operators below voted for it.`,
    next: [
      "Tell the bridge's owner at once: these operators' keys are stolen, or they lie.",
      "Do not send value over this bridge until they are removed.",
      "Publish the proof file. It proves the fraud to anybody.",
    ],
  },
  "fraud.differs": {
    headline: "Fraud: executed otherwise than requested",
    sentence: ({ from, to }) => `What the bridge on ${to} executed is not what was requested on ${from}. Differences are marked below.`,
    next: [
      "Tell the bridge's owner at once, and show the marked differences.",
      "Do not send value over this bridge until the operators below are removed.",
      "Publish the proof file. It proves the fraud to anybody.",
    ],
  },
  "fraud.named_block_did_not_exist": {
    headline: "Fraud: it names a block that did not exist",
    sentence: ({ from, to }) => `The votes on ${to} name a block of ${from} that did not exist yet when they were cast. Nobody can have requested it there.`,
    next: [
      "Tell the bridge's owner at once: these operators' keys are stolen, or they lie.",
      "Publish the proof file. It proves the fraud to anybody.",
    ],
  },
  attempted: {
    headline: "Attempted fraud: votes for what nobody requested",
    sentence: ({ from, to, votes, threshold }) =>
      `On ${to} there are ${votes} of ${threshold} votes for a transfer that nobody requested on ${from}. Nothing was executed.`,
    next: ["Tell the bridge's owner: the operators below should be removed before more votes follow.", "Publish the proof file."],
  },
  unrequested: {
    headline: "Nothing happened under this number",
    sentence: ({ from, to }) => `${from} has no such request, and ${to} has neither votes nor an execution for it.`,
    next: ["Check the number and the direction.", "If you have just sent it, wait for the block and check again."],
  },
  "not_yet_trusted.height": {
    headline: "Cannot say yet: the proof does not reach far enough",
    sentence: ({ detail }) => `Nothing is wrong, but a chain is not followed up to the block that decides (${detail}).`,
    next: ["Check again with a newer proof, or ask your own nodes."],
  },
  "not_yet_trusted.time": {
    headline: "Cannot say yet: the source chain is not followed long enough",
    sentence: ({ detail }) => `Nothing is wrong, but the source chain has to be seen until surely after the votes (${detail}).`,
    next: ["Check again with a newer proof, or ask your own nodes."],
  },
  "not_yet_trusted.stale": {
    headline: "Cannot say: the proof is too old",
    sentence: ({ detail }) => `This kind of verdict is about now, and the newest block in the proof is older than your trust file allows (${detail}).`,
    next: ["Make a new proof, or ask your own nodes.", "Is this device's clock right?", "To look at a recording, set the time to judge by in the settings."],
  },
  "not_yet_trusted.clock": {
    headline: "Cannot say yet: this device's clock seems to be behind",
    sentence: ({ detail }) => `Nothing is wrong with the chain, the nodes or the proof: ${detail}. Either this device's clock is behind by that much, or that block came early.`,
    next: ["Let this device set its clock by itself, and check again.", "Is a fixed time set in the settings? Then judge by the clock instead."],
  },
  "not_yet_trusted.trust_expired": {
    headline: "Cannot say: your trust has expired",
    sentence: ({ detail }) => `The block from which you trust the chain is older than the trusting period (${detail}).`,
    next: ["Get a trust file with a newer checkpoint from people you believe.", "Is this device's clock right?", "To look at a recording, set the time to judge by in the settings."],
  },
  "not_yet_trusted.below_checkpoint": {
    headline: "Cannot say: it happened before your trust begins",
    sentence: ({ detail }) => `Nothing is wrong, but a chain is followed forward only, from the block that your trust file names (${detail}).`,
    next: ["Get a trust file with an older checkpoint from people you believe, or begin at the genesis block."],
  },
  "not_yet_trusted.jump_not_allowed": {
    headline: "Cannot say: the proof skips blocks",
    sentence: ({ detail }) => `Your trust file wants every header, and this proof leaves some out (${detail}).`,
    next: ["Ask for a proof with all headers, or ask your own nodes."],
  },
  incomplete: {
    headline: "Cannot say: part of the proof is missing",
    sentence: ({ detail }) => `Nothing in it is false, but it does not suffice: ${detail}.`,
    next: ["Make the proof again with another node, best an archive node.", "A node may have kept something back. Only a complete proof says more."],
  },
  unsupported: {
    headline: "Cannot say: this is not covered",
    sentence: ({ detail }) => `Spanlight, or your trust file, has no rule for something in this proof: ${detail}.`,
    next: ["Nobody is accused by this: neither the operators, nor the nodes, nor whoever made the proof."],
  },
  "consensus.anchor": {
    headline: "This proof is not for what you trust",
    sentence: ({ detail }) => `It starts from another block than the one in your trust file (${detail}). It may be for another chain or bridge, or for another checkpoint.`,
    next: ["Choose the trust file for this chain and bridge, from the time of the proof.", "Or make your own proof from a transaction hash and your own nodes.", "If your trust file is the right one, do not rely on this proof."],
  },
  invalid: {
    headline: "This proof is false",
    sentence: ({ detail }) => `A check failed: ${detail}. This says that the file is wrong, not that the transfer is.`,
    next: ["Do not rely on this file, and ask whoever gave it to you.", "Make your own proof from a transaction hash and your own nodes.", "If it came from another chain or bridge, choose the trust file for that one."],
  },
} satisfies Record<string, Words>;

/** By state and reason, or by the code of what stands in the way. */
export const verdicts: Record<keyof typeof words, Words> = words;

/** The notes by code. */
export const notes = {
  votes_by_transactions: "The votes are shown as transactions. That none was taken back later is the contract's word.",
  votes_from_later_state: "The votes were read from a later state than that of the execution. They are recorded for good once it is done.",
  votes_by_signatures: "Somebody brought the operators' signatures. The votes are counted from the bridge's state.",
  claimable: "The delivery failed. The bridge keeps the value, or kept it until the recipient claimed it.",
  ex_operator_vote: "The contract counted a vote of somebody who was no operator when it counted. It is not counted here.",
  operators_changed_in_block: "The operators or the threshold changed in the deciding block. The stricter side was used.",
  token_mapping_changed: "The token registered at the destination changed after the request.",
  rests_on_block_times: "This verdict rests on the block times of two chains, within the clock difference that your trust file allows.",
  jumped_headers: "Some headers were skipped, as your trust file allows: changes of the validators inside are unseen.",
  low_liquidity: "The bridge also holds less coin than this transfer needs.",
  random_reveal_unchecked: "The proposers' random numbers (BLS) are not checked. They add nothing to the quorum's safety.",
  vote_by_other: "A member of the council that is not the governing node changed the validators or the rules of a chain. This chain's nodes allow that, and then one member alone can replace the council.",
  vote_by_member: "Any member of the council may change the validators or the rules of a chain, and one did. One member alone can then replace the council.",
  parameters_by_contract: "A contract changed rules of a chain that decide who may seal its blocks. Whoever owns that contract is believed too.",
  committee_unchecked: "It was not checked that the signers sat in the committee of that block.",
} satisfies Record<string, string>;
