-- Each change of a record counts it up, whoever makes it: who saves what they read before sees that it is old.
ALTER TABLE patient ADD COLUMN version int NOT NULL DEFAULT 1;
CREATE FUNCTION patient_is_a_new_version() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.version := OLD.version + 1; RETURN NEW; END $$;
CREATE TRIGGER patient_version BEFORE UPDATE ON patient
    FOR EACH ROW EXECUTE FUNCTION patient_is_a_new_version();
