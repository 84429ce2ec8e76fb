-- When the appointments of the releases before are: twenty thousand at a time, each batch a transaction of its own. May be
-- run twice.
DO $$
DECLARE
    first bigint := (SELECT min(id) FROM appointment);
    last bigint := (SELECT max(id) FROM appointment);
BEGIN
    WHILE first <= last LOOP
        UPDATE appointment a SET starts_at = s.starts_at FROM slot s
        WHERE s.id = a.slot_id AND a.id >= first AND a.id < first + 20000 AND a.starts_at IS NULL;
        COMMIT;
        first := first + 20000;
    END LOOP;
END $$;
