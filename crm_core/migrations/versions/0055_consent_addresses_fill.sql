-- Words of the releases before are about telephones: twenty thousand at a time, each batch a transaction of its own. May be
-- run twice.
DO $$
DECLARE
    first bigint := (SELECT min(id) FROM consent);
    last bigint := (SELECT max(id) FROM consent);
BEGIN
    WHILE first <= last LOOP
        UPDATE consent SET address = msisdn WHERE id >= first AND id < first + 20000 AND address IS NULL;
        COMMIT;
        first := first + 20000;
    END LOOP;
END $$;
