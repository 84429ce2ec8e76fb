-- About 0.9 for each patient.
INSERT INTO recording (id, call_id, kind, source, path, key, sha256, duration_ms, size_bytes, channels, created_at)
SELECT md5('audio' || linkedid)::uuid, id, 'call', linkedid, to_char(started_at, 'YYYY/MM/DD/') || id || '.sealed', '', '',
       115000, 3680044, 2, ended_at FROM call
WHERE linkedid LIKE 'fill-%' AND agent_id IS NOT NULL
