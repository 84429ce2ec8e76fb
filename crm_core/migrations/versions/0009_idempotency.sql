-- What a program asked for with a key of its own, so that asking again has no second effect. Kept for a day.
-- No body: `asked` is a hash of it, `result` the id of what came out of it.
CREATE TABLE idempotency_key (
    owner  text NOT NULL,                            -- whose key: token:3, a login
    key    text NOT NULL CHECK (key <> '' AND length(key) <= 255),
    asked  bytea NOT NULL,
    result bigint,                                   -- NULL: not ended, or nobody knows how
    at     timestamptz NOT NULL,
    PRIMARY KEY (owner, key)
);
CREATE INDEX ON idempotency_key (at);
