-- About 0.3 for each patient.
INSERT INTO task (kind, patient_id, msisdn, ref, status, due_at, created_at, done_at, done_by)
SELECT 'call_back', base.patient + n, '+8617' || lpad(n::text, 9, '0'), 'fill/' || n,
       CASE WHEN n <= 900 THEN 'open' ELSE 'done' END, at, at - interval '1 h', CASE WHEN n > 900 THEN at END,
       CASE WHEN n > 900 THEN 'fill' END
FROM base, generate_series(1, base.patients, 3) n, LATERAL (SELECT base.now - make_interval(mins => (n % 500000)::int) AS at)
