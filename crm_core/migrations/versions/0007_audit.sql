-- The audit in months, each row sealed soon after it was written, with the address and the session it came from.
-- docs/decisions/0023-audit-chain.md gives the reasons.
CREATE SCHEMA audit_parts;                           -- nobody but the owner may look into it: rows are reached by `audit`
ALTER TABLE audit RENAME TO audit_first;
ALTER TABLE audit_first SET SCHEMA audit_parts;
DROP TRIGGER audit_append_only ON audit_parts.audit_first;
DROP TRIGGER audit_never_emptied ON audit_parts.audit_first;
DROP INDEX audit_parts.audit_subject_subject_id_at_idx, audit_parts.audit_actor_user_id_at_idx;
ALTER TABLE audit_parts.audit_first
    DROP CONSTRAINT audit_pkey,
    ALTER id DROP IDENTITY,
    ADD address text NOT NULL DEFAULT '',            -- of the client; '' for what came from no network
    ADD session text NOT NULL DEFAULT '';            -- session:..., token:3; '' without
CREATE TABLE audit (LIKE audit_parts.audit_first INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (at);
ALTER TABLE audit ALTER id ADD GENERATED ALWAYS AS IDENTITY, ADD PRIMARY KEY (id, at),
    ADD CONSTRAINT audit_actor_user_id_fkey FOREIGN KEY (actor_user_id) REFERENCES app_user;
CREATE INDEX ON audit (actor, id);
CREATE INDEX ON audit (subject, subject_id, id);
CREATE INDEX ON audit (outcome, id) WHERE outcome <> 'done';
CREATE INDEX ON audit (actor_user_id, at) WHERE actor_user_id IS NOT NULL;
SELECT setval(pg_get_serial_sequence('audit', 'id'), coalesce((SELECT max(id) FROM audit_parts.audit_first), 0) + 1, false);
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_is_append_only();

DO $$ BEGIN
    EXECUTE format('ALTER TABLE audit ATTACH PARTITION audit_parts.audit_first FOR VALUES FROM (MINVALUE) TO (%L)',
                   date_trunc('month', now(), 'UTC') + interval '1 month');
END $$;
CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit_parts.audit_first EXECUTE FUNCTION audit_is_append_only();
CREATE TABLE audit_parts.audit_rest PARTITION OF audit DEFAULT;      -- the net: no row is refused for want of a month
CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit_parts.audit_rest EXECUTE FUNCTION audit_is_append_only();

-- Months are made a year ahead, by migrations and each night. A month that has rows in `audit_rest` stays there.
CREATE FUNCTION audit_make_months(ahead int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
    month timestamptz;
    part text;
    made int := 0;
BEGIN
    FOR month IN SELECT date_trunc('month', now()) + make_interval(months => k) FROM generate_series(1, ahead) k LOOP
        part := to_char(month, '"audit_"YYYY_MM');
        CONTINUE WHEN to_regclass('audit_parts.' || part) IS NOT NULL;
        CONTINUE WHEN EXISTS (SELECT FROM audit_parts.audit_rest WHERE at >= month AND at < month + interval '1 month');
        EXECUTE format('CREATE TABLE audit_parts.%I PARTITION OF public.audit FOR VALUES FROM (%L) TO (%L)',
                       part, month, month + interval '1 month');
        EXECUTE format('CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON audit_parts.%I '
                       'EXECUTE FUNCTION public.audit_is_append_only()', part);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;
SELECT audit_make_months(12);

-- The chain: each seal has a hash over the one before and over every row it takes in.
CREATE TABLE audit_seal (
    n         bigint PRIMARY KEY,                    -- 1, 2, 3 ... without a gap
    sealed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ids       int8multirange NOT NULL,               -- of the rows it takes in
    rows      bigint NOT NULL,
    upto      bigint NOT NULL,                       -- the highest id taken in so far
    hash      bytea NOT NULL
);
CREATE TRIGGER audit_seal_append_only BEFORE UPDATE OR DELETE ON audit_seal
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_seal_never_emptied BEFORE TRUNCATE ON audit_seal EXECUTE FUNCTION audit_is_append_only();
CREATE TABLE audit_gap (                             -- numbers below `upto` that a transaction under way may still bring
    id      bigint PRIMARY KEY,
    seen_at timestamptz NOT NULL,
    horizon xid8 NOT NULL                            -- transactions from here on began after the number was given out
);

CREATE FUNCTION audit_row_hash(a audit) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(jsonb_build_array(
        a.id, (extract(epoch FROM a.at) * 1000000)::bigint, a.actor_kind, a.actor, a.actor_user_id, a.action, a.subject,
        a.subject_id, a.outcome, a.detail, a.address, a.session)::text, 'UTF8'))
$$;
CREATE FUNCTION audit_seal_hash(before bytea, n bigint, ids int8multirange, rows bytea) RETURNS bytea
    LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(before || convert_to(n || ' ' || ids::text, 'UTF8') || sha256(rows))
$$;

-- Seals at most so many rows and says how many; 0 also when another process is at it.
CREATE FUNCTION audit_seal_next(most int) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    last audit_seal;
    taken record;
    newest bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('hcrm audit seal', 0)) THEN
        RETURN 0;
    END IF;
    SELECT * INTO last FROM audit_seal ORDER BY n DESC LIMIT 1;
    WITH fresh AS (
        (SELECT a FROM audit a WHERE id > coalesce(last.upto, 0) ORDER BY id LIMIT most)
        UNION ALL (SELECT a FROM audit a JOIN audit_gap USING (id))
    )
    SELECT count(*) AS rows, max((a).id) AS highest, range_agg(int8range((a).id, (a).id, '[]')) AS ids,
           string_agg(audit_row_hash(a), '' ORDER BY (a).id) AS hashes
    INTO taken FROM fresh;
    DELETE FROM audit_gap WHERE seen_at < clock_timestamp() - interval '10 minutes'
        AND horizon <= pg_snapshot_xmin(pg_current_snapshot());
    IF taken.rows = 0 THEN
        RETURN 0;
    END IF;
    newest := greatest(taken.highest, coalesce(last.upto, 0));
    INSERT INTO audit_seal (n, ids, rows, upto, hash)
    SELECT n, taken.ids, taken.rows, newest, audit_seal_hash(coalesce(last.hash, ''), n, taken.ids, taken.hashes)
    FROM (SELECT coalesce(last.n, 0) + 1 AS n);
    DELETE FROM audit_gap WHERE id <@ taken.ids;
    INSERT INTO audit_gap
    SELECT id, clock_timestamp(), pg_snapshot_xmax(pg_current_snapshot())
    FROM unnest(int8multirange(int8range(coalesce(last.upto, 0), newest, '(]')) - taken.ids) gap,
         generate_series(lower(gap), upper(gap) - 1) id LIMIT 10000;
    RETURN taken.rows;
END $$;

-- Whether each seal is still true; from `after` on, at most so many.
CREATE FUNCTION audit_check_seals(after bigint, most int)
    RETURNS TABLE (n bigint, first_id bigint, last_id bigint, is_whole boolean) LANGUAGE sql STABLE AS $$
    SELECT s.n, lower(s.ids), upper(s.ids) - 1,
           found.rows = s.rows AND s.hash = audit_seal_hash(coalesce(before.hash, ''), s.n, s.ids, found.hashes)
    FROM audit_seal s LEFT JOIN audit_seal before ON before.n = s.n - 1
    CROSS JOIN LATERAL (
        SELECT count(*) AS rows, coalesce(string_agg(audit_row_hash(a), '' ORDER BY a.id), '') AS hashes
        FROM unnest(s.ids) ids JOIN audit a ON a.id >= lower(ids) AND a.id < upper(ids)
    ) found
    WHERE s.n > after ORDER BY s.n LIMIT most
$$;
REVOKE EXECUTE ON FUNCTION audit_make_months(int), audit_seal_next(int) FROM PUBLIC;

ALTER TABLE task DROP CONSTRAINT task_kind_check, ADD CONSTRAINT task_kind_check
    CHECK (kind IN ('answer_sms','call_back','hear_voicemail','check_outcome','find_patient','check_audit'));
