-- About 0.69 for each patient.
INSERT INTO slot (id, schedule_id, practitioner_id, department_id, starts_at, ends_at, capacity) OVERRIDING SYSTEM VALUE
SELECT base.slot + (s.id - base.schedule - 1) * 15 + k + 1, s.id, s.practitioner_id, s.department_id,
       s.starts_at + make_interval(mins => 15 * k), s.starts_at + make_interval(mins => 15 * k + 15), 6
FROM base JOIN schedule s ON s.id > base.schedule, generate_series(0, 14) k
