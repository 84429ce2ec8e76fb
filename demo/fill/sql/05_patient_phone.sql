-- One telephone each; every fifth person has the one before's, every 200th a placeholder, every seventh a second.
INSERT INTO patient_phone (patient_id, msisdn, position)
SELECT base.patient + n, CASE WHEN pg_temp.h(n, 11) % 200 = 0 THEN '+8613000000000'  -- typed where nobody knew one
                              ELSE '+8617' || lpad((CASE WHEN n % 5 = 0 THEN n - 1 ELSE n END)::text, 9, '0') END, 0
FROM base, generate_series(1, base.patients) n
UNION ALL
SELECT base.patient + n, '+8618' || lpad(n::text, 9, '0'), 1
FROM base, generate_series(1, base.patients) n WHERE pg_temp.h(n, 12) % 100 < 15
