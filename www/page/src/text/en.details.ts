// What stands in the way, with its numbers. The parts come in the order of the core's sentence.

type Sentence = (...parts: string[]) => string;

const sentences = {
  delivery_reverted: (block, _status, used, limit) => `in block ${block}, with ${used} of ${limit} gas used`,
  votes_differ: () => "no vote can reach the threshold",
  no_liquidity: (balance, amount) => `it holds ${balance}, and ${amount} are needed, in the smallest unit`,
  votes_missing: (age) => `${age} after the request`,
  bridge_paused: () => "when it is resumed is not said yet",
  bridge_paused_until: (time) => `its owner may resume it at ${time}`,
  outflow_limit: (room, amount, time) => `${amount} are to leave and ${room} may now, in the smallest unit; at ${time} it may leave in any case`,
  may_leave: () => "it may leave now, once an operator votes again",
  may_leave_by_anybody: () => "it may leave now, once an operator votes again or anybody calls handleWithSignatures without signatures",
  height: (chain, have, need) => `${chain} is trusted up to block ${have}, and block ${need} is needed`,
  time: (chain, have, need) => `${chain} is followed up to ${have}, and a block of ${need} or later is needed`,
  later_proposers: (need, chain, block, have) => `on ${chain}, ${need} different proposers after block ${block} are needed to bound its time, and ${have} are shown`,
  stale: (chain, have, need) => `the newest header of ${chain} is ${have} old, and ${need} are allowed`,
  clock: (chain, ahead) => `a block of ${chain} is dated ${ahead} ahead of it`,
  trust_expired: (chain, have, need) => `the trusted header of ${chain} is ${have} old, and the period is ${need}`,
  below_checkpoint: (have, chain) => `at or below block ${have} of ${chain}`,
  jump_not_allowed: (chain, have, need) => `blocks ${have} to ${need} of ${chain}`,
  request: () => "the source counts this request, but its event is not shown",
  handle: () => "the destination has executed it, but the event is not shown",
  votes: () => "the votes on the destination are not shown",
  vote_call: (key) => `the content of vote ${key} is not shown`,
  state_after: (chain, block) => `the bridge's state on ${chain} at or after block ${block} is not shown`,
  state: (chain) => `the bridge's state on ${chain} is not shown`,
  slot: (slot, chain, block) => `storage slot ${slot} of the bridge on ${chain} at block ${block} is not shown`,
  header: (block, chain) => `header ${block} of ${chain} is not shown`,
} satisfies Record<string, Sentence>;

export type Details = Record<keyof typeof sentences, Sentence>;
export const details: Details = sentences;
