-- One row per peer, so that the list of conversations is read from one small index. Kept by triggers: whoever writes a
-- text, this release, the one before or a hand in psql, cannot forget it. May be run twice.
CREATE TABLE IF NOT EXISTS sms_thread (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    peer        text NOT NULL UNIQUE,
    last_sms_id bigint NOT NULL UNIQUE REFERENCES sms,
    last_at     timestamptz NOT NULL,
    unread      int NOT NULL DEFAULT 0 CHECK (unread >= 0)
);
CREATE INDEX IF NOT EXISTS sms_thread_newest ON sms_thread (last_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS sms_thread_unread ON sms_thread (last_at DESC, id DESC) WHERE unread > 0;
CREATE INDEX IF NOT EXISTS sms_thread_tail ON sms_thread (reverse(peer) text_pattern_ops);

CREATE OR REPLACE FUNCTION sms_thread_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sms_thread AS thread (peer, last_sms_id, last_at, unread)
    VALUES (NEW.peer, NEW.id, NEW.created_at, (NEW.direction = 'in' AND NEW.read_at IS NULL)::int)
    ON CONFLICT (peer) DO UPDATE SET
        last_sms_id = greatest(thread.last_sms_id, excluded.last_sms_id),
        last_at = CASE WHEN excluded.last_sms_id > thread.last_sms_id THEN excluded.last_at ELSE thread.last_at END,
        unread = thread.unread + excluded.unread;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION sms_thread_is_read() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sms_thread SET unread = greatest(unread - 1, 0) WHERE peer = NEW.peer;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER sms_thread_grows AFTER INSERT ON sms FOR EACH ROW EXECUTE FUNCTION sms_thread_grows();
CREATE OR REPLACE TRIGGER sms_thread_is_read AFTER UPDATE OF read_at ON sms FOR EACH ROW
    WHEN (OLD.direction = 'in' AND OLD.read_at IS NULL AND NEW.read_at IS NOT NULL)
    EXECUTE FUNCTION sms_thread_is_read();
