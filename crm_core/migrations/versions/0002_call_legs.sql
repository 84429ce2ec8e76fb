-- Who of the hospital spoke in a call, from when to when, and what each of them wrote down: a transferred call has several.
CREATE TABLE call_leg (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call_id      uuid NOT NULL REFERENCES call ON DELETE CASCADE,
    user_id      bigint NOT NULL REFERENCES app_user,
    connected_at timestamptz NOT NULL,
    left_at      timestamptz,                        -- NULL: still in it
    disposition  text NOT NULL DEFAULT '',
    notes        text NOT NULL DEFAULT '',
    CHECK (left_at >= connected_at)
);
CREATE INDEX ON call_leg (call_id, id);
CREATE INDEX ON call_leg (user_id, connected_at DESC);

-- Of earlier calls the last agent is known.
INSERT INTO call_leg (call_id, user_id, connected_at, left_at, disposition, notes)
SELECT id, agent_id, connected_at, greatest(ended_at, connected_at), disposition, notes
FROM call WHERE agent_id IS NOT NULL AND connected_at IS NOT NULL
ORDER BY connected_at, id;
