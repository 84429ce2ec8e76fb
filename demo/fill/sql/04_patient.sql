-- One each.
INSERT INTO patient (id, name, search, sex, birth_date, region, source, department,
                     diseases, member_level, province, city, district, street, postcode, allergies, created_by, created_at,
                     updated_at) OVERRIDING SYSTEM VALUE
SELECT base.patient + n, f.name, f.search, CASE pg_temp.h(n, 2) % 2 WHEN 0 THEN 'male' ELSE 'female' END,
       date '1940-01-01' + (pg_temp.h(n, 3) % 29000)::int,
       '杭州市' || (ARRAY['西湖区','拱墅区','上城区','滨江区','萧山区','余杭区'])[1 + pg_temp.h(n, 5) % 6],
       (ARRAY['门诊','网络','亲友介绍','体检','社区转诊','热线'])[1 + pg_temp.h(n, 6) % 6], '',
       CASE pg_temp.h(n, 7) % 4 WHEN 0 THEN ARRAY['高血压'] WHEN 1 THEN ARRAY['2型糖尿病','高血压'] ELSE '{}' END,
       CASE pg_temp.h(n, 8) % 20 WHEN 0 THEN '金卡' WHEN 1 THEN '银卡' ELSE '' END,
       '浙江省', '杭州市', (ARRAY['西湖区','拱墅区','上城区','滨江区','萧山区','余杭区'])[1 + pg_temp.h(n, 5) % 6],
       '文三路 ' || pg_temp.h(n, 10) % 900 + 1 || ' 号', '3100' || lpad((pg_temp.h(n, 5) % 30)::text, 2, '0'),
       CASE pg_temp.h(n, 11) % 40 WHEN 0 THEN ARRAY['青霉素'] WHEN 1 THEN ARRAY['磺胺'] ELSE '{}' END, 'fill',
       base.now - make_interval(days => (pg_temp.h(n, 9) % 1500)::int), base.now
FROM base, generate_series(1, base.patients) n JOIN fill_name f ON f.no = pg_temp.h(n, 1) % (SELECT count(*) FROM fill_name)
