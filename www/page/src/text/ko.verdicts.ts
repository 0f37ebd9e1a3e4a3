// 판정마다 무슨 뜻인지, 이제 무엇을 할 수 있는지.
import type * as en from "./en.verdicts.ts";
import type { Words } from "./en.verdicts.ts";

const tellOperators = "브리지 운영자에게 증명 파일을 보내세요. 어느 전송인지 의심의 여지 없이 알려 줍니다.";

export const verdicts: Record<keyof typeof en.verdicts, Words> = {
  handled: {
    headline: "도착했습니다",
    sentence: ({ from, to, votes, threshold }) => `${to}의 브리지가 ${from}에서 요청한 그대로 실행했습니다. 필요한 ${threshold}표에 대해 같은 표 ${votes}개가 있었습니다.`,
    next: ["더 할 일은 없습니다. 증명 파일을 영수증으로 보관하세요. 누구나 오프라인에서 확인할 수 있습니다."],
  },
  handled_with_warning: {
    headline: "도착했지만 유의할 점이 있습니다",
    sentence: ({ from, to }) => `${to}의 브리지가 ${from}에서 요청한 대로 실행했습니다. 다만 이 증명에는 아래에 적은 유의할 점이 있습니다.`,
    next: ["아래 내용을 읽고, 중요하다면 새 증명이나 내 노드로 다시 확인하세요."],
  },
  requested: {
    headline: "가는 중입니다. 아직 투표가 없습니다",
    sentence: ({ from, to }) => `${from}에 요청이 기록되었습니다. ${to}에서는 아직 어느 운영자도 투표하지 않았습니다.`,
    next: ["몇 분 뒤에 다시 확인하세요.", "평소보다 오래 걸리면 운영자에게 증명 파일을 보내세요."],
  },
  voting: {
    headline: "가는 중입니다. 투표가 모이고 있습니다",
    sentence: ({ to, votes, threshold }) => `${to}에서 필요한 ${threshold}표 중 ${votes}표가 모였습니다.`,
    next: ["몇 분 뒤에 다시 확인하세요."],
  },
  "stuck.delivery_reverted": {
    headline: "멈춤: 마지막 시도가 실패했습니다",
    sentence: ({ to, votes, threshold, detail }) => `${threshold}표 중 ${votes}표가 있지만, ${to}에서 마지막 표를 던지는 호출이 되돌려졌습니다(${detail}). 나중에 성공할 수도 있습니다.`,
    next: ["호출이 왜 되돌려지는지 운영자에게 물어보세요. 브리지에 토큰 발행 권한이 없거나 받는 쪽이 거절하는 경우가 많습니다.", tellOperators],
  },
  "stuck.votes_differ": {
    headline: "멈춤: 운영자들의 의견이 갈렸습니다",
    sentence: () => "운영자들이 서로 다른 내용에 투표해서 어느 쪽도 더는 필요한 표 수에 이를 수 없습니다.",
    next: ["다르게 투표한 운영자에게 설명을 요구하세요.", tellOperators],
  },
  "stuck.no_liquidity": {
    headline: "멈춤: 브리지에 코인이 부족합니다",
    sentence: ({ to, detail }) => `${to}의 브리지가 지금은 이 전송을 지급할 수 없습니다(${detail}).`,
    next: ["브리지 소유자에게 코인을 채워 달라고 요청하세요. 그 뒤에 전송을 마칠 수 있습니다.", tellOperators],
  },
  "stuck.votes_missing": {
    headline: "멈춤: 운영자들이 투표하지 않았습니다",
    sentence: ({ to, votes, threshold }) => `요청이 신뢰 파일에 정한 시간보다 오래되었는데, ${to}에는 필요한 ${threshold}표 중 ${votes}표뿐입니다.`,
    next: ["운영자가 멈췄거나 밀려 있을 수 있습니다. 운영자에게 물어보세요.", tellOperators],
  },
  "stuck.bridge_paused": {
    headline: "대기: 브리지가 일시 정지되었습니다",
    sentence: ({ to, votes, threshold, detail }) => `${to}의 브리지가 일시 정지되어 다시 열릴 때까지 표를 받지 않습니다(${detail}). ${threshold}표 중 ${votes}표가 있습니다.`,
    next: ["이 전송에는 문제가 없습니다. 브리지가 다시 열리면 이어집니다.", "왜 정지했는지 브리지 운영자나 소유자에게 물어보세요."],
  },
  "stuck.outflow_limit": {
    headline: "대기: 브리지의 유출 한도에 걸렸습니다",
    sentence: ({ to, votes, threshold, detail }) => `${threshold}표 중 ${votes}표가 있지만, ${to}의 브리지는 하루에 정해진 양만 내보냅니다(${detail}).`,
    next: [
      "이 전송에는 문제가 없습니다. 한도에 여유가 생기는 대로, 늦어도 그 시각에는 나갑니다.",
      "나갈 수 있게 되면 운영자가 다시 투표하면 됩니다.",
    ],
  },
  "fraud.never_requested": {
    headline: "사기: 요청한 적 없는 전송이 실행되었습니다",
    sentence: ({ from, to }) => `${from}에서 아무도 요청하지 않은 전송을 ${to}의 브리지가 실행했습니다. 아래 운영자들이 여기에 투표했습니다.`,
    next: [
      "즉시 브리지 소유자에게 알리세요. 이 운영자들은 키를 도난당했거나 거짓말을 하고 있습니다.",
      "이 운영자들이 제외될 때까지 이 브리지로 자산을 보내지 마세요.",
      "증명 파일을 공개하세요. 누구에게나 사기를 증명합니다.",
    ],
  },
  "fraud.differs": {
    headline: "사기: 요청과 다르게 실행되었습니다",
    sentence: ({ from, to }) => `${to}의 브리지가 실행한 내용이 ${from}에서 요청한 것과 다릅니다. 다른 점을 아래에 표시했습니다.`,
    next: [
      "즉시 브리지 소유자에게 알리고 표시된 차이를 보여 주세요.",
      "아래 운영자들이 제외될 때까지 이 브리지로 자산을 보내지 마세요.",
      "증명 파일을 공개하세요. 누구에게나 사기를 증명합니다.",
    ],
  },
  "fraud.named_block_did_not_exist": {
    headline: "사기: 존재하지 않던 블록을 내세웠습니다",
    sentence: ({ from, to }) => `${to}의 투표가 가리키는 ${from}의 블록은 투표 당시 존재하지 않았습니다. 거기서 요청했을 수 있는 사람은 없습니다.`,
    next: ["즉시 브리지 소유자에게 알리세요. 이 운영자들은 키를 도난당했거나 거짓말을 하고 있습니다.", "증명 파일을 공개하세요. 누구에게나 사기를 증명합니다."],
  },
  attempted: {
    headline: "사기 시도: 아무도 요청하지 않은 것에 투표했습니다",
    sentence: ({ from, to, votes, threshold }) => `${from}에서 아무도 요청하지 않은 전송에 대해 ${to}에 ${threshold}표 중 ${votes}표가 있습니다. 실행되지는 않았습니다.`,
    next: ["브리지 소유자에게 알리세요. 표가 더 모이기 전에 아래 운영자를 제외해야 합니다.", "증명 파일을 공개하세요."],
  },
  unrequested: {
    headline: "이 번호로는 아무 일도 없었습니다",
    sentence: ({ from, to }) => `${from}에 이런 요청이 없고, ${to}에도 이에 대한 투표나 실행이 없습니다.`,
    next: ["번호와 방향을 확인하세요.", "방금 보냈다면 블록에 들어간 뒤 다시 확인하세요."],
  },
  "not_yet_trusted.height": {
    headline: "아직 말할 수 없습니다: 증명이 충분히 멀리 닿지 않습니다",
    sentence: ({ detail }) => `잘못된 것은 없지만, 결정적인 블록까지 체인을 따라가지 못했습니다(${detail}).`,
    next: ["더 새로운 증명으로 다시 확인하거나 내 노드에 물어보세요."],
  },
  "not_yet_trusted.time": {
    headline: "아직 말할 수 없습니다: 출발 체인을 충분히 따라가지 못했습니다",
    sentence: ({ detail }) => `잘못된 것은 없지만, 투표보다 확실히 나중인 시점까지 출발 체인을 보아야 합니다(${detail}).`,
    next: ["더 새로운 증명으로 다시 확인하거나 내 노드에 물어보세요."],
  },
  "not_yet_trusted.stale": {
    headline: "말할 수 없습니다: 증명이 너무 오래되었습니다",
    sentence: ({ detail }) => `이런 판정은 현재에 관한 것인데, 증명의 최신 블록이 신뢰 파일이 허용하는 것보다 오래되었습니다(${detail}).`,
    next: ["새 증명을 만들거나 내 노드에 물어보세요.", "이 기기의 시계가 맞는지 확인하세요.", "녹화된 기록을 보려면 설정에서 기준 시각을 정하세요."],
  },
  "not_yet_trusted.clock": {
    headline: "아직 말할 수 없습니다: 이 기기의 시계가 늦은 것 같습니다",
    sentence: ({ detail }) => `체인에도 노드에도 증명에도 잘못은 없습니다. ${detail}. 이 기기의 시계가 그만큼 늦었거나, 블록이 일찍 나온 것입니다.`,
    next: ["이 기기의 시계를 자동으로 맞춘 뒤 다시 확인하세요.", "설정에 고정된 시각이 있나요? 그렇다면 시계를 기준으로 판정하세요."],
  },
  "not_yet_trusted.trust_expired": {
    headline: "말할 수 없습니다: 신뢰 기간이 지났습니다",
    sentence: ({ detail }) => `체인을 신뢰하기 시작한 블록이 신뢰 기간보다 오래되었습니다(${detail}).`,
    next: ["믿을 만한 사람에게 더 최근의 체크포인트가 담긴 신뢰 파일을 받으세요.", "이 기기의 시계가 맞는지 확인하세요.", "녹화된 기록을 보려면 설정에서 기준 시각을 정하세요."],
  },
  "not_yet_trusted.below_checkpoint": {
    headline: "말할 수 없습니다: 신뢰가 시작되기 전에 일어난 전송입니다",
    sentence: ({ detail }) => `잘못된 것은 없지만, 체인은 신뢰 파일이 정한 블록부터 앞으로만 따라갑니다(${detail}).`,
    next: ["믿을 수 있는 사람에게서 더 오래된 체크포인트가 담긴 신뢰 파일을 받거나 제네시스 블록부터 시작하세요."],
  },
  "not_yet_trusted.jump_not_allowed": {
    headline: "말할 수 없습니다: 증명이 블록을 건너뜁니다",
    sentence: ({ detail }) => `신뢰 파일은 모든 헤더를 요구하는데 이 증명에는 빠진 헤더가 있습니다(${detail}).`,
    next: ["모든 헤더가 담긴 증명을 요청하거나 내 노드에 물어보세요."],
  },
  incomplete: {
    headline: "말할 수 없습니다: 증명의 일부가 없습니다",
    sentence: ({ detail }) => `거짓은 없지만 충분하지 않습니다: ${detail}.`,
    next: ["다른 노드, 되도록 아카이브 노드로 증명을 다시 만드세요.", "노드가 무언가를 숨겼을 수 있습니다. 온전한 증명이 있어야 더 말할 수 있습니다."],
  },
  unsupported: {
    headline: "말할 수 없습니다: 다루지 않는 경우입니다",
    sentence: ({ detail }) => `이 증명의 어떤 부분에 대한 규칙이 Spanlight나 신뢰 파일에 없습니다: ${detail}.`,
    next: ["운영자, 노드, 증명을 만든 사람 누구도 탓하는 말이 아닙니다."],
  },
  "consensus.anchor": {
    headline: "신뢰하는 대상의 증명이 아닙니다",
    sentence: ({ detail }) => `신뢰 파일에 적힌 것과 다른 블록에서 시작합니다(${detail}). 다른 체인이나 브리지, 또는 다른 체크포인트의 증명일 수 있습니다.`,
    next: ["이 체인과 브리지, 증명이 만들어진 시점에 맞는 신뢰 파일을 고르세요.", "또는 트랜잭션 해시와 내 노드로 직접 증명을 만드세요.", "신뢰 파일이 맞다면 이 증명에 의존하지 마세요."],
  },
  invalid: {
    headline: "이 증명은 거짓입니다",
    sentence: ({ detail }) => `검사 하나가 실패했습니다: ${detail}. 파일이 잘못되었다는 뜻이며, 전송이 잘못되었다는 뜻은 아닙니다.`,
    next: ["이 파일에 의존하지 말고, 준 사람에게 물어보세요.", "트랜잭션 해시와 내 노드로 직접 증명을 만드세요.", "다른 체인이나 브리지의 것이라면 그에 맞는 신뢰 파일을 고르세요."],
  },
};

export const notes: Record<keyof typeof en.notes, string> = {
  votes_by_transactions: "투표가 트랜잭션으로 제시되었습니다. 나중에 철회되지 않았다는 것은 컨트랙트의 말입니다.",
  votes_from_later_state: "실행 블록보다 나중 상태에서 투표를 읽었습니다. 실행이 끝난 번호의 투표 기록은 더 이상 바뀌지 않습니다.",
  votes_by_signatures: "운영자들의 서명을 누군가 제출했습니다. 표는 브리지의 상태에서 셉니다.",
  claimable: "전달에 실패했습니다. 브리지가 자산을 보관하고 있거나, 받는 사람이 찾아갈 때까지 보관했습니다.",
  ex_operator_vote: "집계 당시 운영자가 아니었던 사람의 표를 컨트랙트가 세었습니다. 여기서는 세지 않습니다.",
  operators_changed_in_block: "결정이 난 블록에서 운영자나 필요한 표 수가 바뀌었습니다. 더 엄격한 쪽을 적용했습니다.",
  token_mapping_changed: "도착 체인에 등록된 토큰이 요청 뒤에 바뀌었습니다.",
  rests_on_block_times: "이 판정은 신뢰 파일이 허용하는 시계 차이 안에서 두 체인의 블록 시각에 근거합니다.",
  jumped_headers: "신뢰 파일이 허용하는 대로 일부 헤더를 건너뛰었습니다. 그 사이의 검증인 변경은 볼 수 없습니다.",
  low_liquidity: "브리지의 코인도 이 전송에 필요한 것보다 적습니다.",
  random_reveal_unchecked: "제안자의 난수(BLS)는 확인하지 않았습니다. 정족수의 안전성과는 관계가 없습니다.",
  vote_by_other: "거버닝 노드가 아닌 위원이 체인의 검증인이나 규칙을 바꾸었습니다. 이 체인의 노드는 이를 허용하므로, 위원 한 명이 혼자서 위원 전체를 바꿀 수 있습니다.",
  vote_by_member: "이 체인에서는 어느 위원이든 검증인이나 규칙을 바꿀 수 있고, 실제로 바꾸었습니다. 위원 한 명이 혼자서 위원 전체를 바꿀 수 있습니다.",
  parameters_by_contract: "누가 블록에 서명할지를 정하는 체인의 규칙을 컨트랙트가 바꾸었습니다. 그 컨트랙트의 소유자도 믿어야 합니다.",
  committee_unchecked: "서명자가 그 블록의 위원회에 속했는지는 확인하지 않았습니다.",
};
