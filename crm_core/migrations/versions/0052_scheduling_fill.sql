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
-- Looked at without keeping anybody from writing; then it need not be looked at again.
ALTER TABLE appointment DROP CONSTRAINT IF EXISTS appointment_has_time;
ALTER TABLE appointment ADD CONSTRAINT appointment_has_time CHECK (starts_at IS NOT NULL) NOT VALID;
ALTER TABLE appointment VALIDATE CONSTRAINT appointment_has_time;
ALTER TABLE appointment ALTER COLUMN starts_at SET NOT NULL;
ALTER TABLE appointment DROP CONSTRAINT appointment_has_time;
