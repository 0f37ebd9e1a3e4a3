//! What is proven of a transfer beside its state, for people: what moves, where it stands, how it differs, who voted.

use super::lines::named;
use spanlight::bridge::TokenType;
use spanlight::facts::{Difference, Execution, Operator, Request, Role};
use spanlight::verdict::{State, TransferVerdict};
use spanlight::{Address, U256};

/// The coin's smallest unit, in decimal places.
const COIN_DECIMALS: usize = 18;

/// Appends a line for each part that is proven.
pub(super) fn append(out: &mut String, transfer: &TransferVerdict) {
    let facts = &transfer.facts;
    if let Some(request) = &facts.request {
        named(out, "requested", &requested(request));
    }
    if let Some(execution) = &facts.execution {
        named(out, "executed", &executed(execution));
    }
    for difference in transfer.verdict.state().map(State::differences).unwrap_or_default() {
        named(out, "differs", &difference_words(difference));
    }
    for operator in facts.votes.iter().flat_map(|votes| &votes.operators) {
        named(out, "operator", &operator_words(operator));
    }
}

fn requested(request: &Request) -> String {
    let what = value_words(request.kind, request.amount.or(request.token_id), &request.token);
    let fee = if request.fee.is_zero() { String::new() } else { format!(", fee {}", request.fee) };
    let Request { from, to, chain, block, transaction, .. } = request;
    format!("{what} from {from} to {to}{fee}; {chain} block {}, transaction {transaction}", block.number)
}

fn executed(execution: &Execution) -> String {
    let what = value_words(execution.kind, execution.amount.or(execution.token_id), &execution.token);
    let Execution { from, to, chain, block, transaction, .. } = execution;
    let sender = execution.sender.map_or(String::new(), |sender| format!(", sent by {sender}"));
    format!("{what} from {from} to {to}; {chain} block {}, transaction {transaction}{sender}", block.number)
}

fn value_words(kind: TokenType, value: Option<U256>, token: &Address) -> String {
    let value = value.unwrap_or_default().to_string();
    match kind {
        TokenType::Coin => format!("{} coin", with_point(&value, COIN_DECIMALS)),
        // How many decimal places a token has is its own contract's word, which is not proven.
        TokenType::Erc20 => format!("{value} of the smallest unit of ERC-20 {token}"),
        TokenType::Erc721 => format!("token {value} of ERC-721 {token}"),
    }
}

/// The digits with a point before the last `places`, without zeros at the end.
fn with_point(digits: &str, places: usize) -> String {
    let padded = format!("{digits:0>width$}", width = places.saturating_add(1));
    let (whole, part) = padded.split_at(padded.len().saturating_sub(places));
    format!("{whole}.{part}").trim_end_matches('0').trim_end_matches('.').to_string()
}

fn difference_words(difference: &Difference) -> String {
    let Difference { rule, field, requested, executed } = difference;
    let [requested, executed] = [requested, executed].map(|text| if text.is_empty() { "nothing" } else { text });
    let said = if *rule == "M11" { "the votes say" } else { "requested" };
    format!("{rule}, {}: {said} {requested}, executed {executed}", field.replace('_', " "))
}

fn operator_words(operator: &Operator) -> String {
    let did = match operator.role {
        Role::Voted => "voted for it",
        Role::Dissented => "voted for something else",
        Role::None => "took its vote back",
        Role::ExOperator => "has a vote, but was no operator when it would have counted",
        Role::Reverted => "tried, and its transaction reverted",
    };
    let place = operator.transaction.map_or(String::new(), |vote| format!(" (block {}, {})", vote.block, vote.hash));
    format!("{} {did}{place}", operator.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coin_has_eighteen_places_and_no_zeros_at_the_end() {
        let shown = ["0", "1", "500000000000000000", "1000000000000000001", "20000000000000000000"]
            .map(|digits| with_point(digits, COIN_DECIMALS));
        assert_eq!(shown, ["0", "0.000000000000000001", "0.5", "1.000000000000000001", "20"]);
    }

    #[test]
    fn a_difference_to_nothing_is_said_so() {
        let uri =
            Difference { rule: "M10", field: "token_uri", requested: String::new(), executed: "ipfs://a".to_string() };
        assert_eq!(difference_words(&uri), "M10, token uri: requested nothing, executed ipfs://a");
    }
}
