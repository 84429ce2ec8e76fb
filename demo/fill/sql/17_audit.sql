-- About 2 for each patient.
INSERT INTO audit (at, actor_kind, actor, actor_user_id, action, subject, subject_id, outcome)
SELECT base.now - make_interval(secs => (2 * base.patients - n)), 'user', 'fill-agent-' || u, base.app_user + u,
       (ARRAY['see patient','change patient','book appointment'])[1 + pg_temp.h(n, 71) % 3], 'patient',
       (base.patient + 1 + pg_temp.h(n, 72) % base.patients)::text, CASE WHEN pg_temp.h(n, 73) % 500 = 0 THEN 'forbidden' ELSE 'done' END
FROM base, generate_series(1, 2 * base.patients) n, LATERAL (SELECT 1 + pg_temp.h(n, 74) % 40 AS u)
