-- What supervisors wrote beside a place of a recording; a mark has no text. Goes with the recording.
CREATE TABLE recording_note (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recording_id uuid NOT NULL REFERENCES recording ON DELETE CASCADE,
    at_ms        int NOT NULL CHECK (at_ms >= 0),     -- from the recording's beginning
    text         text NOT NULL CHECK (length(text) <= 500),
    user_id      bigint NOT NULL REFERENCES app_user,
    written_at   timestamptz NOT NULL
);
CREATE INDEX ON recording_note (recording_id, at_ms);
CREATE INDEX ON recording_note (user_id);
