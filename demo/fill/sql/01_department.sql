-- A few.
INSERT INTO department (id, code, name, name_en, position) OVERRIDING SYSTEM VALUE
SELECT base.department + n, 'fill' || n, '第' || n || '专科', 'Specialty ' || n, 100 + n
FROM base, generate_series(1, 40) n
