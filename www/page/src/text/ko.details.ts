// 무엇이 가로막는지, 숫자와 함께.
import type { Details } from "./en.details.ts";

export const details: Details = {
  delivery_reverted: (block, _status, used, limit) => `${block}번 블록, 가스 ${limit} 중 ${used} 사용`,
  votes_differ: () => "어느 표도 필요한 수에 이를 수 없습니다",
  no_liquidity: (balance, amount) => `최소 단위로 ${balance}이 있고 ${amount}이 필요합니다`,
  votes_missing: (age) => `요청 뒤 ${age} 경과`,
  bridge_paused: () => "언제 다시 열리는지는 아직 정해지지 않았습니다",
  bridge_paused_until: (time) => `소유자는 ${time}에 다시 열 수 있습니다`,
  outflow_limit: (room, amount, time) => `최소 단위로 ${amount}을 내보내야 하는데 지금은 ${room}까지 됩니다. 늦어도 ${time}에는 나갈 수 있습니다`,
  may_leave: () => "이제 나갈 수 있고, 누군가 브리지에 알리면 됩니다",
  height: (chain, have, need) => `${chain}: ${have}번 블록까지 신뢰, ${need}번 블록이 필요`,
  time: (chain, have, need) => `${chain}: ${have}까지 따라갔고, ${need} 이후의 블록이 필요`,
  later_proposers: (need, chain, block, have) => `${chain} ${block}번 블록의 시각을 정하려면 그 뒤로 서로 다른 제안자 ${need}명이 필요한데 ${have}명만 있습니다`,
  stale: (chain, have, need) => `${chain}의 최신 헤더는 ${have} 전 것, 허용은 ${need}`,
  clock: (chain, ahead) => `${chain}의 블록 시각이 이 시계보다 ${ahead} 앞서 있습니다`,
  trust_expired: (chain, have, need) => `${chain}의 신뢰 헤더는 ${have} 전 것, 신뢰 기간은 ${need}`,
  below_checkpoint: (have, chain) => `${chain} ${have}번 블록 또는 그 이전`,
  jump_not_allowed: (chain, have, need) => `${chain} ${have}번부터 ${need}번까지`,
  request: () => "출발 체인은 이 요청을 세었지만 이벤트가 없습니다",
  handle: () => "도착 체인은 실행했지만 이벤트가 없습니다",
  votes: () => "도착 체인의 투표가 없습니다",
  vote_call: (key) => `투표 ${key}의 내용이 없습니다`,
  state_after: (chain, block) => `${chain} ${block}번 블록 이후의 브리지 상태가 없습니다`,
  state: (chain) => `${chain}의 브리지 상태가 없습니다`,
  slot: (slot, chain, block) => `${chain} ${block}번 블록에서 브리지 저장 슬롯 ${slot}이 없습니다`,
  header: (block, chain) => `${chain} ${block}번 헤더가 없습니다`,
};
