-- A card and an outpatient number each; every seventh has been an inpatient.
INSERT INTO patient_identifier (patient_id, system, value)
SELECT base.patient + n, numbers.system, numbers.value
FROM base, generate_series(1, base.patients) n CROSS JOIN LATERAL (VALUES
    ('card_no', '9' || lpad(n::text, 9, '0')), ('outpatient_no', 'FZ' || lpad(n::text, 9, '0')),
    ('inpatient_no', CASE WHEN pg_temp.h(n, 4) % 7 = 0 THEN 'FY' || lpad(n::text, 9, '0') END)) AS numbers (system, value)
WHERE numbers.value IS NOT NULL
