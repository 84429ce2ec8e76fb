-- Who of the supervisors hears or joins which call. The row is there before anything rings and open until the ear is gone.
CREATE TABLE supervision (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call_id       uuid NOT NULL REFERENCES call ON DELETE CASCADE,
    agent_id      bigint NOT NULL REFERENCES app_user,
    supervisor_id bigint NOT NULL REFERENCES app_user,
    ear           text NOT NULL UNIQUE,              -- Uniqueid of the supervisor's channel
    mode          text NOT NULL CHECK (mode IN ('listen','whisper','barge','take_over')),
    begun_at      timestamptz NOT NULL,
    ended_at      timestamptz
);
CREATE UNIQUE INDEX supervision_one_each ON supervision (supervisor_id) WHERE ended_at IS NULL;
CREATE INDEX ON supervision (supervisor_id);
CREATE INDEX ON supervision (agent_id);
CREATE INDEX ON supervision (call_id);

-- When nothing of a call was recorded, because an agent wished so.
CREATE TABLE recording_pause (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call_id  uuid NOT NULL REFERENCES call ON DELETE CASCADE,
    user_id  bigint NOT NULL REFERENCES app_user,
    begun_at timestamptz NOT NULL,
    until    timestamptz NOT NULL,                   -- goes on by itself then
    ended_at timestamptz
);
CREATE UNIQUE INDEX recording_pause_one ON recording_pause (call_id) WHERE ended_at IS NULL;
CREATE INDEX ON recording_pause (call_id);
CREATE INDEX ON recording_pause (user_id);
