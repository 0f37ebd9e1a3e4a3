-- Whose store this is: an operator that opens another's is refused.
CREATE TABLE identity (name TEXT PRIMARY KEY, value TEXT NOT NULL);
-- Raised by one whenever a replica takes over a direction; a write with an older number is refused.
CREATE TABLE fences (direction TEXT PRIMARY KEY, token BIGINT NOT NULL);
-- Where a light client may start again. `requests` is the source's proven count of requests at that block.
CREATE TABLE checkpoints (
    direction TEXT NOT NULL, chain TEXT NOT NULL, number BIGINT NOT NULL, requests BIGINT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (direction, chain, number)
);
-- Transactions, written before they are sent.
CREATE TABLE sends (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    direction TEXT NOT NULL, purpose TEXT NOT NULL, nonce BIGINT NOT NULL, account_nonce BIGINT NOT NULL,
    gas BIGINT NOT NULL, gas_price TEXT NOT NULL, raw BLOB NOT NULL, hash TEXT NOT NULL, state TEXT NOT NULL, block BIGINT NOT NULL
);
CREATE UNIQUE INDEX one_live_vote ON sends (direction, purpose, nonce) WHERE state = 'live';
CREATE UNIQUE INDEX one_live_account_nonce ON sends (direction, account_nonce) WHERE state = 'live';
CREATE TABLE alarms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL, direction TEXT NOT NULL, nonce BIGINT, code TEXT NOT NULL, words TEXT NOT NULL
);
-- What a person has told the operator to do.
CREATE TABLE controls (name TEXT PRIMARY KEY, value TEXT NOT NULL);
