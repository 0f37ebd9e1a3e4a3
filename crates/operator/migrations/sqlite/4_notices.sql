-- What the destination bridge said beside its transfers: `kind` is `told` (the block up to which a person was told everything),
-- `change` (announced by the owner, by its number) or `claim` (value that was not delivered, by its transfer's nonce).
CREATE TABLE notices (
    direction TEXT NOT NULL, kind TEXT NOT NULL, number BIGINT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (direction, kind, number)
);
