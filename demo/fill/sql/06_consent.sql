-- About 0.5 for each patient.
INSERT INTO consent (msisdn, address, patient_id, purpose, channel, decision, at, source)
SELECT '+8617' || lpad(n::text, 9, '0'), '+8617' || lpad(n::text, 9, '0'), base.patient + n, 'marketing', 'sms',
       CASE pg_temp.h(n, 13) % 10 WHEN 0 THEN 'opt_out' ELSE 'opt_in' END, base.now - interval '90 days', 'staff'
FROM base, generate_series(1, base.patients, 2) n
