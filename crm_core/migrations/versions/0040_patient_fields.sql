-- What else a hospital keeps of a person. Constant defaults: no row is rewritten.
ALTER TABLE patient
    ADD COLUMN province            text NOT NULL DEFAULT '',
    ADD COLUMN city                text NOT NULL DEFAULT '',
    ADD COLUMN district            text NOT NULL DEFAULT '',
    ADD COLUMN street              text NOT NULL DEFAULT '',
    ADD COLUMN postcode            text NOT NULL DEFAULT '' CHECK (postcode ~ '^([0-9]{6})?$'),
    ADD COLUMN contact_name        text NOT NULL DEFAULT '',
    ADD COLUMN contact_phone       text NOT NULL DEFAULT '' CHECK (contact_phone ~ '^(\+[1-9][0-9]{4,14})?$'),
    ADD COLUMN education           text NOT NULL DEFAULT 'unknown' CHECK (education IN
               ('unknown','none','primary','junior','senior','vocational','college','bachelor','master','doctor')),
    ADD COLUMN occupation          text NOT NULL DEFAULT '',
    ADD COLUMN marital_status      text NOT NULL DEFAULT 'unknown' CHECK (marital_status IN
               ('unknown','single','married','widowed','divorced','other')),
    ADD COLUMN family_situation    text NOT NULL DEFAULT '',
    ADD COLUMN preferred_hospital  text NOT NULL DEFAULT '',
    ADD COLUMN preferred_specialty text NOT NULL DEFAULT '',
    ADD COLUMN allergies           text[] NOT NULL DEFAULT '{}',
    ADD COLUMN family_history      text NOT NULL DEFAULT '',
    ADD COLUMN needs               text NOT NULL DEFAULT '';
