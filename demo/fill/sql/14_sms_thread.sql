-- About 0.64 for each patient.
INSERT INTO sms_thread (peer, last_sms_id, last_at)
SELECT newest.peer, newest.id, newest.created_at FROM base, LATERAL (
    SELECT max(id) AS id FROM sms WHERE id > base.sms GROUP BY peer) peers JOIN sms newest ON newest.id = peers.id
ON CONFLICT (peer) DO NOTHING
