-- What the others stand on. `h(n, k)` is a number drawn for row n, another for each k: two fills are equal.
-- `base` holds how many patients are wanted, the time that counts as now, and per table the highest id before.
CREATE FUNCTION pg_temp.h(n bigint, k int) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT hashint8extended(n, k) & 9223372036854775807 $$;
CREATE TEMP TABLE fill_name (no int PRIMARY KEY, name text, search text) ON COMMIT DROP;
CREATE TEMP TABLE base ON COMMIT DROP AS SELECT
    NULL::bigint AS patients, NULL::timestamptz AS now,
    (SELECT coalesce(max(id), 0) FROM patient) AS patient, (SELECT coalesce(max(id), 0) FROM department) AS department,
    (SELECT coalesce(max(id), 0) FROM practitioner) AS practitioner, (SELECT coalesce(max(id), 0) FROM schedule) AS schedule,
    (SELECT coalesce(max(id), 0) FROM slot) AS slot, (SELECT coalesce(max(id), 0) FROM appointment) AS appointment,
    (SELECT coalesce(max(id), 0) FROM app_user) AS app_user, (SELECT coalesce(max(id), 0) FROM sms) AS sms;
