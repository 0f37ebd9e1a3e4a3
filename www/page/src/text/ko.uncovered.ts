// 다루지 않는 것과 다음에 할 일. 누구를 탓하는 말이 아닙니다.
import type * as en from "./en.uncovered.ts";
import type { UncoveredWords } from "./en.uncovered.ts";

const NEWER = "Spanlight의 새 버전이 다룰 수 있습니다.";
const JUMP = "믿을 만한 사람이 보증하는, 이 블록 이후의 새 체크포인트로 비켜 갈 수 있습니다.";

export const uncovered: Record<keyof typeof en.uncovered, UncoveredWords> = {
  "consensus.governance_by_contract": {
    what: "이 체인은 매개변수를 거버넌스 컨트랙트에서 가져오는데, 블록 헤더에는 나타나지 않습니다",
    next: "신뢰 파일에 컨트랙트의 값을 적을 수 있는지 만든 사람에게 물어보세요. " + NEWER,
  },
  "consensus.governance_by_ballot": { what: "이 체인은 거버넌스 투표를 에폭 전체에 걸쳐 집계합니다", next: JUMP },
  "consensus.qualified_unknown": {
    what: "이 체인은 스테이킹이 모자란 검증인을 제외하는데, 몇 명이 남는지 신뢰 파일에 없습니다",
    next: "신뢰 파일의 체인 프로필에 `qualified`를 적으세요. 아무도 제외하지 않으면 \"council\", 아니면 { at_least = N }입니다.",
  },
  "consensus.proposer_policy": { what: "노드의 어느 버전에도 없는 제안자 정책입니다", next: "신뢰 파일의 매개변수를 확인하세요. " + NEWER },
  "consensus.committee_size_zero": { what: "체인 매개변수의 위원회 크기가 0입니다", next: "신뢰 파일의 위원회 크기를 확인하세요." },
  "consensus.epoch_zero": { what: "체인 매개변수의 에폭이 0블록입니다", next: "신뢰 파일의 에폭을 확인하세요." },
  "consensus.vote_in_genesis": { what: "제네시스 블록에 투표가 들어 있습니다", next: "더 나중의 체크포인트에서 시작하세요." },
  "consensus.legacy_joined_addresses": { what: "옛 투표가 여러 주소를 한 글로 이어 적었습니다", next: JUMP },
  "consensus.legacy_votes_of_demoted": { what: "옛 투표의 효력이 당시 검증인의 스테이킹에 달려 있습니다", next: JUMP },
  vote_by_other: {
    what: "거버넌스 노드가 하지 않은 투표를 따라야 하는데, 신뢰 파일은 거버넌스 노드의 투표만 인정합니다",
    next: "체인을 운영하는 사람에게 그 투표에 대해 물어보세요. 그런 투표로 검증인 하나가 나머지 모두를 바꿀 수 있습니다.",
  },
  "consensus.outside_assumed_committee": {
    what: "신뢰 파일이 가정하는 만큼의 검증인이 자격을 갖춘다면 뽑힐 수 없는 위원회가 서명했습니다",
    next: "가정이 틀렸을 수 있습니다. 신뢰 파일을 만든 사람에게 `qualified`에 대해 물어보세요.",
  },
  "consensus.legacy_announcement": { what: "옛 매개변수 공지의 형식이나 위치를 당시의 노드가 어떻게 읽었는지 알 수 없습니다", next: JUMP },
  "consensus.epoch_change": { what: "공지를 세는 단위인 에폭의 길이를 옛 투표가 바꿉니다", next: JUMP },
  "consensus.field_too_long": { what: "투표나 공지가 여기서 따라가는 길이보다 깁니다", next: JUMP },
  "consensus.council_too_large": { what: "위원 수가 여기서 따라가는 수보다 많습니다", next: NEWER },
  "header.permissionless_fork": { what: "체인이 Permissionless 포크에 이르렀는데, 그 헤더는 필드와 서명이 다릅니다", next: NEWER },
  "transaction.price": { what: "가스 가격이 256비트를 넘는 트랜잭션이 블록에 들어 있습니다", next: NEWER },
  "transaction.unsupported_type": { what: "여기서 모르는 종류의 트랜잭션이 블록에 들어 있습니다", next: NEWER },
  "votes.threshold_changed_in_block": { what: "결정이 난 바로 그 블록에서 필요한 표 수가 바뀌었습니다", next: "블록 안의 순서가 결과를 가릅니다. 두 변경을 직접 확인하세요." },
  "votes.former_operators_decided": { what: "결정이 난 블록에서 빠진 운영자의 표가 있어야 필요한 표 수에 이릅니다", next: "블록 안의 순서가 결과를 가릅니다. 그 블록을 직접 확인하세요." },
  "votes.too_many_voters": { what: "이 요청의 투표자가 여기서 따라가는 수보다 많습니다", next: NEWER },
  "votes.executed_key_unknown": { what: "어느 표가 실행되었는지 가려낼 수 없습니다", next: "실행한 트랜잭션을 직접 확인하세요." },
  "bridge.bound_to_another_source": { what: "도착 브리지가 신뢰 파일이 짝지은 것과 다른 출발 브리지를 섬깁니다", next: "신뢰 파일의 브리지 짝을 확인하세요." },
  "bridge.unknown_code": {
    what: "브리지가 신뢰 파일이 인정하지 않는 코드를 실행합니다",
    next: "어떤 코드인지 브리지 소유자에게 묻고, 확인한 뒤 그 해시를 넣도록 신뢰 파일을 만든 사람에게 요청하세요.",
  },
  "bridge.token_not_registered": { what: "출발 브리지에 이 토큰의 도착 체인 짝이 등록되어 있지 않습니다", next: "토큰 등록에 대해 브리지 소유자에게 물어보세요." },
  "bridge.token_mapping_changed": { what: "중요한 때에 토큰 등록이 바뀌었습니다", next: "왜 바뀌었는지 브리지 소유자에게 물어보세요. 운영자는 옛 등록을 믿고 움직였을 수 있습니다." },
  "bridge.token_uri_unknown": { what: "요청에서 토큰의 URI를 알 수 없습니다", next: "두 체인의 토큰 URI를 직접 비교하세요." },
  "bridge.executed_call_unknown": { what: "실행 호출이 다른 컨트랙트의 호출 안에 숨어 있습니다", next: "실행한 트랜잭션을 직접 확인하세요." },
  "bridge.undecodable_call": { what: "실행 호출을 읽을 수 없습니다", next: "실행한 트랜잭션을 직접 확인하세요." },
  "bridge.unusual_token": { what: "토큰이 자산을 보통과 다른 방식으로 옮겼습니다", next: "토큰 컨트랙트의 이벤트를 직접 확인하세요." },
};

export const uncoveredTold: typeof en.uncoveredTold = {
  place: (what, chain, block) => `${what}${chain === null && block === null ? "" : ` (${[chain, block === null ? null : `${block}번 블록`].filter((part) => part !== null).join(" ")})`}`,
  title: "다루지 않는 경우입니다.",
  unknown: (code) => `이 페이지에 설명이 없는 규칙입니다(${code})`,
  unknownNext: NEWER,
};
