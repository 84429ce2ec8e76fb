-- failed_logins and locked_until are read by nobody any more; they go when no older release runs beside this one.
ALTER TABLE app_user
    ADD COLUMN one_time_until timestamptz,           -- the password was made by another and works until then; NULL: it is their own
    ADD COLUMN former_desk    text;                  -- of a closed account: what it gets back when it is opened again

ALTER TABLE user_session
    ADD COLUMN id      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    ADD COLUMN address text NOT NULL DEFAULT '',
    ADD COLUMN browser text NOT NULL DEFAULT '',     -- as it calls itself
    ADD COLUMN is_half boolean NOT NULL DEFAULT false; -- the password was right, the code of the second factor is awaited

ALTER TABLE api_token
    ADD COLUMN expires_at timestamptz NOT NULL DEFAULT now() + interval '1 year',
    ADD COLUMN scopes     text[],                    -- rights below the role's; NULL: all of the role's
    ADD COLUMN created_by text NOT NULL DEFAULT '';  -- as the audit names them

CREATE TABLE second_factor (
    user_id      bigint PRIMARY KEY REFERENCES app_user ON DELETE CASCADE,
    secret       bytea NOT NULL,                     -- sealed with a key that is not in the database
    confirmed_at timestamptz,                        -- NULL: shown, but no code came back yet
    last_step    bigint NOT NULL DEFAULT 0           -- of the newest code that was used: no code works twice
);
CREATE TABLE recovery_code (
    user_id   bigint NOT NULL REFERENCES second_factor ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

-- Tries at the door by address, by address and login, by person: how soon the next is allowed. Lost at a crash: no harm.
CREATE UNLOGGED TABLE door_throttle (
    key     bytea PRIMARY KEY,
    full_at timestamptz NOT NULL                     -- when all tries are there again
);
CREATE INDEX ON door_throttle (full_at);

-- Who is nobody writes no audit row each; they are counted.
CREATE TABLE refusal (
    minute  timestamptz NOT NULL,
    address text NOT NULL,
    reason  text NOT NULL CHECK (reason IN ('not logged in','too many tries','too many requests')),
    count   bigint NOT NULL,
    PRIMARY KEY (minute, address, reason)
);
