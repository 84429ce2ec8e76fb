-- About 0.046 for each patient.
INSERT INTO schedule (id, practitioner_id, department_id, starts_at, ends_at) OVERRIDING SYSTEM VALUE
SELECT base.schedule + row_number() OVER (ORDER BY d, p.id, hour), p.id, p.department_id, t, t + interval '225 minutes'
FROM base JOIN practitioner p ON p.id > base.practitioner, generate_series(-100, 14) d, (VALUES (8), (13)) s (hour),
     LATERAL (SELECT (date_trunc('day', base.now AT TIME ZONE 'Asia/Shanghai') + make_interval(days => d, hours => hour))
                     AT TIME ZONE 'Asia/Shanghai' AS t)
