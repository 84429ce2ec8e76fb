"""What a filled hospital holds: one statement a step, each row made from its number and the seed, so that runs are equal.

In every statement $1 is the number of patients and $2 the time that counts as now; `h(n, k)` is a number drawn for row
`n`, another for each `k`. Ids continue after those that are there: `base` holds, per table, the highest one before.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """`table` is what grows; `per_patient` how many rows, about."""

    table: str
    per_patient: float
    sql: str


HASH = """
CREATE FUNCTION pg_temp.h(n bigint, k int) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT hashint8extended(n, k) & 9223372036854775807 $$
"""
BASE = """
CREATE TEMP TABLE base ON COMMIT DROP AS SELECT
    (SELECT coalesce(max(id), 0) FROM patient) AS patient, (SELECT coalesce(max(id), 0) FROM department) AS department,
    (SELECT coalesce(max(id), 0) FROM practitioner) AS practitioner, (SELECT coalesce(max(id), 0) FROM schedule) AS schedule,
    (SELECT coalesce(max(id), 0) FROM slot) AS slot, (SELECT coalesce(max(id), 0) FROM appointment) AS appointment,
    (SELECT coalesce(max(id), 0) FROM app_user) AS app_user, (SELECT coalesce(max(id), 0) FROM sms) AS sms
"""

DIRECTORY = (
    Step(
        "department",
        0.00004,
        """
        INSERT INTO department (id, code, name, name_en, position) OVERRIDING SYSTEM VALUE
        SELECT base.department + n, 'fill' || n, '第' || n || '专科', 'Specialty ' || n, 100 + n
        FROM base, generate_series(1, 40) n WHERE $1::bigint > 0 AND $2::timestamptz IS NOT NULL
        """,
    ),
    Step(
        "practitioner",
        0.0002,
        """
        INSERT INTO practitioner (id, department_id, name, name_en, title, title_en) OVERRIDING SYSTEM VALUE
        SELECT base.practitioner + n, base.department + 1 + n % 40, name || n, 'Dr ' || n, '主任医师', 'Chief physician'
        FROM base, generate_series(1, greatest(20, $1::bigint / 5000)) n
        JOIN fill_name f ON f.n = n WHERE $2::timestamptz IS NOT NULL
        """,
    ),
    Step(
        "app_user",
        0.00004,
        """
        INSERT INTO app_user (id, login, name, password_hash, role) OVERRIDING SYSTEM VALUE
        SELECT base.app_user + n, 'fill-agent-' || n, '坐席' || n, '', 'agent' FROM base, generate_series(1, 40) n
        WHERE $1::bigint > 0 AND $2::timestamptz IS NOT NULL ON CONFLICT DO NOTHING
        """,
    ),
)

PEOPLE = (
    Step(
        "patient",
        1,
        """
        INSERT INTO patient (id, name, search, sex, birth_date, card_no, outpatient_no, inpatient_no, region, source, department,
                             diseases, member_level, created_by, created_at, updated_at) OVERRIDING SYSTEM VALUE
        SELECT base.patient + n, f.name, f.search, CASE pg_temp.h(n, 2) % 2 WHEN 0 THEN 'male' ELSE 'female' END,
               date '1940-01-01' + (pg_temp.h(n, 3) % 29000)::int, '9' || lpad(n::text, 9, '0'), 'FZ' || lpad(n::text, 9, '0'),
               CASE WHEN pg_temp.h(n, 4) % 7 = 0 THEN 'FY' || lpad(n::text, 9, '0') END,
               '杭州市' || (ARRAY['西湖区','拱墅区','上城区','滨江区','萧山区','余杭区'])[1 + pg_temp.h(n, 5) % 6],
               (ARRAY['门诊','网络','亲友介绍','体检','社区转诊','热线'])[1 + pg_temp.h(n, 6) % 6], '',
               CASE pg_temp.h(n, 7) % 4 WHEN 0 THEN ARRAY['高血压'] WHEN 1 THEN ARRAY['2型糖尿病','高血压'] ELSE '{}' END,
               CASE pg_temp.h(n, 8) % 20 WHEN 0 THEN '金卡' WHEN 1 THEN '银卡' ELSE '' END, 'fill',
               $2 - make_interval(days => (pg_temp.h(n, 9) % 1500)::int), $2
        FROM base, generate_series(1, $1::bigint) n JOIN fill_name f ON f.n = pg_temp.h(n, 1) % (SELECT count(*) FROM fill_name)
        """,
    ),
    Step(
        "patient_phone",
        1.15,
        """
        INSERT INTO patient_phone (patient_id, msisdn, position)
        SELECT base.patient + n, CASE WHEN pg_temp.h(n, 11) % 200 = 0 THEN '+8613000000000'  -- typed where nobody knew one
                                      ELSE '+8617' || lpad((CASE WHEN n % 5 = 0 THEN n - 1 ELSE n END)::text, 9, '0') END, 0
        FROM base, generate_series(1, $1::bigint) n WHERE $2::timestamptz IS NOT NULL
        UNION ALL
        SELECT base.patient + n, '+8618' || lpad(n::text, 9, '0'), 1
        FROM base, generate_series(1, $1::bigint) n WHERE pg_temp.h(n, 12) % 100 < 15
        """,
    ),
    Step(
        "consent",
        0.5,
        """
        INSERT INTO consent (msisdn, patient_id, purpose, channel, decision, at, source)
        SELECT '+8617' || lpad(n::text, 9, '0'), base.patient + n, 'marketing', 'sms',
               CASE pg_temp.h(n, 13) % 10 WHEN 0 THEN 'opt_out' ELSE 'opt_in' END, $2 - interval '90 days', 'staff'
        FROM base, generate_series(1, $1::bigint, 2) n
        """,
    ),
)

VISITS = (
    Step(
        "schedule",
        0.046,
        """
        INSERT INTO schedule (id, practitioner_id, department_id, starts_at, ends_at) OVERRIDING SYSTEM VALUE
        SELECT base.schedule + row_number() OVER (ORDER BY d, p.id, hour), p.id, p.department_id, t, t + interval '225 minutes'
        FROM base JOIN practitioner p ON p.id > base.practitioner, generate_series(-100, 14) d, (VALUES (8), (13)) s (hour),
             LATERAL (SELECT (date_trunc('day', $2 AT TIME ZONE 'Asia/Shanghai') + make_interval(days => d, hours => hour))
                             AT TIME ZONE 'Asia/Shanghai' AS t)
        WHERE $1::bigint > 0
        """,
    ),
    Step(
        "slot",
        0.69,
        """
        INSERT INTO slot (id, schedule_id, practitioner_id, department_id, starts_at, ends_at, capacity) OVERRIDING SYSTEM VALUE
        SELECT base.slot + (s.id - base.schedule - 1) * 15 + k + 1, s.id, s.practitioner_id, s.department_id,
               s.starts_at + make_interval(mins => 15 * k), s.starts_at + make_interval(mins => 15 * k + 15), 6
        FROM base JOIN schedule s ON s.id > base.schedule, generate_series(0, 14) k
        WHERE $1::bigint > 0 AND $2::timestamptz IS NOT NULL
        """,
    ),
    Step(
        "appointment",
        3.8,
        """
        INSERT INTO appointment (id, patient_id, slot_id, place, status, channel, booked_by, booked_at) OVERRIDING SYSTEM VALUE
        SELECT base.appointment + (s.id - base.slot) * 6 + place, base.patient + 1 + ((s.id * 6 + place) * 7919) % $1::bigint, s.id,
               place, CASE WHEN s.starts_at > $2 THEN (ARRAY['booked','confirmed'])[1 + pg_temp.h(s.id, place) % 2]
                           ELSE (ARRAY['fulfilled','fulfilled','fulfilled','noshow','cancelled'])[1 + pg_temp.h(s.id, place) % 5] END,
               (ARRAY['ivr','sms','web','agent','api'])[1 + pg_temp.h(s.id, 20 + place) % 5], 'fill',
               least($2, s.starts_at) - make_interval(mins => (pg_temp.h(s.id, 30 + place) % 10000)::int)
        FROM base JOIN slot s ON s.id > base.slot, generate_series(1, 6) place
        WHERE s.starts_at < $2 + interval '1 day' OR pg_temp.h(s.id, 40 + place) % 10 < 4
        """,
    ),
)

CALLS = (
    Step(
        "call",
        2,
        """
        INSERT INTO call (id, linkedid, uniqueid, direction, caller, did, patient_id, state, path, queue, started_at, answered_at,
                          queued_at, connected_at, ended_at, end_reason, agent_id, disposition)
        SELECT md5('fill' || n)::uuid, 'fill-' || n, 'fill-' || n, CASE pg_temp.h(n, 51) % 8 WHEN 0 THEN 'out' ELSE 'in' END,
               '+8617' || lpad(p::text, 9, '0'), '4000', base.patient + p, 'ended', ARRAY['language','main'],
               CASE WHEN spoke THEN 'operators' ELSE '' END, at, at + interval '3 s',
               CASE WHEN spoke THEN at + interval '30 s' END, CASE WHEN spoke THEN at + interval '45 s' END,
               at + interval '160 s', 'normal clearing',
               CASE WHEN spoke THEN base.app_user + CASE WHEN pg_temp.h(n, 52) % 3 = 0 THEN 1 ELSE 1 + pg_temp.h(n, 53) % 40 END END, ''
        FROM base, generate_series(1, 2 * $1::bigint) n, LATERAL (SELECT 1 + (n * 31) % $1::bigint AS p, pg_temp.h(n, 54) % 100 < 45 AS spoke,
             $2 - make_interval(secs => (pg_temp.h(n, 55) % 63072000)::double precision) AS at)
        """,
    ),
    Step(
        "call_leg",
        0.9,
        """
        INSERT INTO call_leg (call_id, user_id, connected_at, left_at, disposition)
        SELECT id, agent_id, connected_at, ended_at, 'question_answered' FROM call
        WHERE linkedid LIKE 'fill-%' AND agent_id IS NOT NULL AND $1::bigint > 0 AND $2::timestamptz IS NOT NULL
        """,
    ),
    Step(
        "recording",
        0.9,
        """
        INSERT INTO recording (id, call_id, kind, source, path, key, sha256, duration_ms, size_bytes, channels, created_at)
        SELECT md5('audio' || linkedid)::uuid, id, 'call', linkedid, to_char(started_at, 'YYYY/MM/DD/') || id || '.sealed', '', '',
               115000, 3680044, 2, ended_at FROM call
        WHERE linkedid LIKE 'fill-%' AND agent_id IS NOT NULL AND $1::bigint > 0 AND $2::timestamptz IS NOT NULL
        """,
    ),
)

TEXTS = (
    Step(
        "sms",
        3,
        """
        INSERT INTO sms (id, direction, peer, text, purpose, state, patient_id, created_by, created_at, not_before, read_at, handled_at)
        OVERRIDING SYSTEM VALUE
        SELECT base.sms + n, CASE WHEN comes THEN 'in' ELSE 'out' END, '+8617' || lpad(p::text, 9, '0'),
               CASE WHEN comes THEN '请问明天还能预约吗' ELSE '您已预约明天上午的门诊，请提前到院取号。' END, CASE WHEN comes THEN NULL ELSE 'care' END,
               CASE WHEN comes THEN 'received' ELSE 'delivered' END, base.patient + p, 'fill', at, at,
               CASE WHEN comes THEN at END, CASE WHEN comes THEN at END
        FROM base, generate_series(1, 3 * $1::bigint) n,
             LATERAL (SELECT 1 + pg_temp.h(n, 61) % ($1::bigint * 64 / 100 + 1) AS p, pg_temp.h(n, 62) % 4 = 0 AS comes,
                             $2 - make_interval(secs => (3 * $1::bigint - n) * (31536000.0 / (3 * $1::bigint))) AS at)
        """,
    ),
    Step(
        "sms_thread",
        0.64,
        """
        INSERT INTO sms_thread (peer, last_sms_id, last_at)
        SELECT newest.peer, newest.id, newest.created_at FROM base, LATERAL (
            SELECT max(id) AS id FROM sms WHERE id > base.sms GROUP BY peer) peers JOIN sms newest ON newest.id = peers.id
        WHERE $1::bigint > 0 AND $2::timestamptz IS NOT NULL ON CONFLICT (peer) DO NOTHING
        """,
    ),
)

HISTORY = (
    Step(
        "timeline_entry",
        5,
        """
        INSERT INTO timeline_entry (patient_id, kind, at, code, args, ref)
        SELECT a.patient_id, 'appointment', a.booked_at, 'Appointment booked: {department}, {practitioner}, {starts_at}',
               jsonb_build_object('department', '专科', 'practitioner', '医生', 'starts_at', s.starts_at), 'appointments/' || a.id
        FROM base JOIN appointment a ON a.id > base.appointment JOIN slot s ON s.id = a.slot_id
        UNION ALL
        SELECT c.patient_id, 'call', c.started_at, 'Incoming call, answered by {agent}', '{"agent": "坐席"}', 'calls/' || c.id FROM call c
        WHERE c.linkedid LIKE 'fill-%' AND c.agent_id IS NOT NULL AND $1::bigint > 0
        UNION ALL
        SELECT base.patient + 1, 'sms', $2 - make_interval(days => n), 'SMS sent: {text}', '{"text": "请提前到院取号。"}', 'fill/' || n
        FROM base, generate_series(1, 600) n
        """,
    ),
    Step(
        "task",
        0.3,
        """
        INSERT INTO task (kind, patient_id, msisdn, ref, status, due_at, created_at, done_at, done_by)
        SELECT 'call_back', base.patient + n, '+8617' || lpad(n::text, 9, '0'), 'fill/' || n,
               CASE WHEN n <= 900 THEN 'open' ELSE 'done' END, at, at - interval '1 h', CASE WHEN n > 900 THEN at END,
               CASE WHEN n > 900 THEN 'fill' END
        FROM base, generate_series(1, $1::bigint, 3) n, LATERAL (SELECT $2 - make_interval(mins => (n % 500000)::int) AS at)
        """,
    ),
    Step(
        "audit",
        2,
        """
        INSERT INTO audit (at, actor_kind, actor, actor_user_id, action, subject, subject_id, outcome)
        SELECT $2 - make_interval(secs => (2 * $1::bigint - n)), 'user', 'fill-agent-' || u, base.app_user + u,
               (ARRAY['see patient','change patient','book appointment'])[1 + pg_temp.h(n, 71) % 3], 'patient',
               (base.patient + 1 + pg_temp.h(n, 72) % $1::bigint)::text, CASE WHEN pg_temp.h(n, 73) % 500 = 0 THEN 'forbidden' ELSE 'done' END
        FROM base, generate_series(1, 2 * $1::bigint) n, LATERAL (SELECT 1 + pg_temp.h(n, 74) % 40 AS u)
        """,
    ),
)

STEPS = (*DIRECTORY, *PEOPLE, *VISITS, *CALLS, *TEXTS, *HISTORY)
