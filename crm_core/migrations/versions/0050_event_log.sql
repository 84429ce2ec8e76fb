-- What happened, for whoever was not listening: pages after a gap, other systems by the API. Ids and states, nothing
-- personal. A reader goes by (tx, id) and only as far as every transaction has ended: docs/events.md.
CREATE TABLE event_log (
    tx     bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    id     bigint GENERATED ALWAYS AS IDENTITY,
    at     timestamptz NOT NULL,
    type   text NOT NULL,
    public jsonb NOT NULL,
    PRIMARY KEY (tx, id)
);
CREATE INDEX event_log_at ON event_log (at);

-- Before this place nothing is kept any more. Another era: the database came out of a backup, and its transactions are
-- numbered anew.
CREATE TABLE event_log_start (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    era      bigint NOT NULL DEFAULT extract(epoch FROM clock_timestamp()),
    tx       bigint NOT NULL DEFAULT 0,
    id       bigint NOT NULL DEFAULT 0
);
INSERT INTO event_log_start DEFAULT VALUES;
