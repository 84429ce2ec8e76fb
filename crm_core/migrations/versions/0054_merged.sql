-- A record that was merged leads to the one it became part of, and is found by nothing: its telephones and numbers are
-- the other's, its words for the search are gone. docs/decisions/0096-merged-records.md
ALTER TABLE patient
    ADD COLUMN merged_into_id bigint REFERENCES patient,
    ADD CONSTRAINT patient_merged_is_not_found
        CHECK (merged_into_id IS NULL OR (merged_into_id <> id AND search = '')) NOT VALID;
