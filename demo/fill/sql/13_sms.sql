-- About 3 for each patient.
INSERT INTO sms (id, direction, peer, text, purpose, state, patient_id, created_by, created_at, not_before, read_at, handled_at)
OVERRIDING SYSTEM VALUE
SELECT base.sms + n, CASE WHEN comes THEN 'in' ELSE 'out' END, '+8617' || lpad(p::text, 9, '0'),
       CASE WHEN comes THEN '请问明天还能预约吗' ELSE '您已预约明天上午的门诊，请提前到院取号。' END, CASE WHEN comes THEN NULL ELSE 'care' END,
       CASE WHEN comes THEN 'received' ELSE 'delivered' END, base.patient + p, 'fill', at, at,
       CASE WHEN comes THEN at END, CASE WHEN comes THEN at END
FROM base, generate_series(1, 3 * base.patients) n,
     LATERAL (SELECT 1 + pg_temp.h(n, 61) % (base.patients * 64 / 100 + 1) AS p, pg_temp.h(n, 62) % 4 = 0 AS comes,
                     base.now - make_interval(secs => (3 * base.patients - n) * (31536000.0 / (3 * base.patients))) AS at)
