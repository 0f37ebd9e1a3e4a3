-- Requests that were proven and are not known to be done: no start proves them again. `call` is the vote for it, or empty where
-- `why` says what keeps it from ever being voted on.
CREATE TABLE requests (
    direction TEXT NOT NULL, nonce BIGINT NOT NULL, block BIGINT NOT NULL, time BIGINT NOT NULL, call BLOB NOT NULL, why TEXT NOT NULL,
    PRIMARY KEY (direction, nonce)
);
-- Every request below this nonce is there, or was handled before the newest checkpoint of the destination.
CREATE TABLE known (direction TEXT PRIMARY KEY, below BIGINT NOT NULL);
