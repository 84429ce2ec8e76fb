-- A few.
INSERT INTO practitioner (id, department_id, name, name_en, title, title_en) OVERRIDING SYSTEM VALUE
SELECT base.practitioner + n, base.department + 1 + n % 40, name || n, 'Dr ' || n, '主任医师', 'Chief physician'
FROM base, generate_series(1, greatest(1, base.patients / 5000)) n
JOIN fill_name f ON f.no = n
