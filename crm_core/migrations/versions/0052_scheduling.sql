-- What another system calls it, as SOURCE/ID; a practitioner's code is the hospital's own (工号). Two of one name may work
-- in one department: then their codes tell them apart.
ALTER TABLE practitioner
    ADD COLUMN code text CHECK (code <> ''),
    ADD COLUMN external_id text CHECK (external_id <> '');
CREATE UNIQUE INDEX practitioner_code ON practitioner (code);
CREATE UNIQUE INDEX practitioner_external_id ON practitioner (external_id);
ALTER TABLE practitioner DROP CONSTRAINT practitioner_department_id_name_key;
CREATE UNIQUE INDEX practitioner_namesakes ON practitioner (department_id, name, coalesce(code, ''));

-- A session or one of its slots may be stopped (停诊): nothing is booked in it any more, what was booked stays.
ALTER TABLE schedule
    ADD COLUMN external_id text CHECK (external_id <> ''),
    ADD COLUMN status text NOT NULL DEFAULT 'open' CHECK (status IN ('open','stopped'));
ALTER TABLE slot
    ADD COLUMN external_id text CHECK (external_id <> ''),
    ADD COLUMN status text NOT NULL DEFAULT 'open' CHECK (status IN ('open','stopped'));
CREATE FUNCTION schedule_stops_its_slots() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    UPDATE slot SET status = NEW.status WHERE schedule_id = NEW.id AND status <> NEW.status;
    RETURN NULL;
END $$;
CREATE TRIGGER schedule_status AFTER UPDATE OF status ON schedule
    FOR EACH ROW WHEN (NEW.status <> OLD.status) EXECUTE FUNCTION schedule_stops_its_slots();

-- When it is stands in the appointment too: what waits for somebody is found without the slots of all they ever had.
ALTER TABLE appointment
    ADD COLUMN external_id text CHECK (external_id <> ''),
    ADD COLUMN starts_at timestamptz;
CREATE OR REPLACE FUNCTION appointment_place_exists() RETURNS trigger LANGUAGE plpgsql AS
$$ DECLARE
    wanted record;
BEGIN
    SELECT capacity, starts_at INTO wanted FROM slot WHERE id = NEW.slot_id FOR SHARE;
    IF NEW.place > wanted.capacity THEN
        RAISE EXCEPTION 'place % is beyond the capacity of slot %', NEW.place, NEW.slot_id USING ERRCODE = 'check_violation';
    END IF;
    NEW.starts_at := wanted.starts_at;
    RETURN NEW;
END $$;
CREATE FUNCTION slot_moves_its_appointments() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    UPDATE appointment SET starts_at = NEW.starts_at WHERE slot_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER slot_time AFTER UPDATE OF starts_at ON slot
    FOR EACH ROW WHEN (NEW.starts_at <> OLD.starts_at) EXECUTE FUNCTION slot_moves_its_appointments();
