-- About 2 for each patient.
INSERT INTO call (id, linkedid, uniqueid, direction, caller, did, patient_id, state, path, queue, started_at, answered_at,
                  queued_at, connected_at, ended_at, end_reason, agent_id, disposition)
SELECT md5('fill' || n)::uuid, 'fill-' || n, 'fill-' || n, CASE pg_temp.h(n, 51) % 8 WHEN 0 THEN 'out' ELSE 'in' END,
       '+8617' || lpad(p::text, 9, '0'), '4000', base.patient + p, 'ended', ARRAY['language','main'],
       CASE WHEN spoke THEN 'operators' ELSE '' END, at, at + interval '3 s',
       CASE WHEN spoke THEN at + interval '30 s' END, CASE WHEN spoke THEN at + interval '45 s' END,
       at + interval '160 s', 'normal clearing',
       CASE WHEN spoke THEN CASE WHEN pg_temp.h(n, 52) % 3 = 0 THEN busy.id ELSE base.app_user + 1 + pg_temp.h(n, 53) % 40 END END, ''
FROM base, (SELECT coalesce((SELECT id FROM app_user WHERE login = 'agent2'), (SELECT app_user + 1 FROM base)) AS id) busy,
     generate_series(1, 2 * base.patients) n, LATERAL (SELECT 1 + (n * 31) % base.patients AS p, pg_temp.h(n, 54) % 100 < 45 AS spoke,
     base.now - make_interval(secs => (pg_temp.h(n, 55) % 63072000)::double precision) AS at)
