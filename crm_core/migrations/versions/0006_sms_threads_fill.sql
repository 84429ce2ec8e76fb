-- Threads of the texts that were there before the triggers: two thousand peers at a time, each batch a transaction of its
-- own in which nobody writes texts, so that a batch counts what is there and nothing twice. May be run twice.
DO $$
DECLARE
    first text := (SELECT min(peer) FROM sms);
    last text;
BEGIN
    WHILE first IS NOT NULL LOOP
        last := (SELECT max(peer) FROM (SELECT DISTINCT peer FROM sms WHERE peer >= first ORDER BY peer LIMIT 2000) AS batch);
        LOCK TABLE sms IN SHARE ROW EXCLUSIVE MODE;
        INSERT INTO sms_thread (peer, last_sms_id, last_at, unread)
        SELECT newest.peer, newest.id, newest.created_at, peers.unread
        FROM (SELECT max(id) AS id, count(*) FILTER (WHERE direction = 'in' AND read_at IS NULL)::int AS unread
              FROM sms WHERE peer >= first AND peer <= last GROUP BY peer) AS peers
        JOIN sms AS newest ON newest.id = peers.id
        ON CONFLICT (peer) DO UPDATE SET
            last_sms_id = excluded.last_sms_id, last_at = excluded.last_at, unread = excluded.unread;
        COMMIT;
        first := (SELECT min(peer) FROM sms WHERE peer > last);
    END LOOP;
END $$;
