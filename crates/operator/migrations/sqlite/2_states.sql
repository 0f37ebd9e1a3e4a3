-- Proofs of the source bridge's state at blocks with open requests: nodes throw old states away. `last` is the block's highest nonce.
CREATE TABLE states (
    direction TEXT NOT NULL, block BIGINT NOT NULL, last BIGINT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (direction, block)
);
