-- What an agent is typing about a call, until it is saved.
CREATE TABLE draft (
    user_id bigint NOT NULL REFERENCES app_user ON DELETE CASCADE,
    call_id uuid NOT NULL REFERENCES call ON DELETE CASCADE,
    fields  jsonb NOT NULL CHECK (jsonb_typeof(fields) = 'object'),
    at      timestamptz NOT NULL,
    PRIMARY KEY (user_id, call_id)
);
CREATE INDEX ON draft (call_id);
CREATE INDEX ON draft (at);
