-- What somebody said is about an address (a telephone, a mailbox) or about them, whatever the address: then it has a
-- patient and no address. `msisdn` is what the release before reads and writes; the trigger keeps both alike until it goes.
ALTER TABLE consent
    ADD COLUMN address_kind text NOT NULL DEFAULT 'phone' CHECK (address_kind IN ('phone','email','person')),
    ADD COLUMN address      text,
    ADD COLUMN text_version text NOT NULL DEFAULT '',      -- which words they were shown or read
    ADD COLUMN given_by     text NOT NULL DEFAULT 'person' CHECK (given_by IN ('person','guardian')),
    ALTER COLUMN msisdn DROP NOT NULL;
CREATE FUNCTION consent_address() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    NEW.address := coalesce(NEW.address, NEW.msisdn, '');
    NEW.msisdn := CASE WHEN NEW.address_kind = 'phone' THEN NEW.address END;
    RETURN NEW;
END $$;
CREATE TRIGGER consent_address BEFORE INSERT ON consent FOR EACH ROW EXECUTE FUNCTION consent_address();
