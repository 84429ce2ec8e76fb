-- What a person is to the hospital, and whose a telephone is. Constant defaults: no row is rewritten.
ALTER TABLE patient ADD COLUMN roles text[] NOT NULL DEFAULT '{}'
    CHECK (roles <@ ARRAY['patient','family','contact','healthy','partner','staff']);
ALTER TABLE patient_phone
    ADD COLUMN owner text NOT NULL DEFAULT '' CHECK (owner IN
               ('','self','spouse','father','mother','son','daughter','grandparent','sibling','carer','other')),
    ADD COLUMN kind  text NOT NULL DEFAULT '' CHECK (kind IN ('','mobile','home','work')),
    ADD COLUMN note  text NOT NULL DEFAULT '';
