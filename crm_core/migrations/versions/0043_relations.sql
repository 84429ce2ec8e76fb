-- Who is what to whom. One row for both sides: `other_id` is the mother, the guardian, the contact person of `patient_id`.
CREATE TABLE patient_relation (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id bigint NOT NULL REFERENCES patient ON DELETE CASCADE,
    other_id   bigint NOT NULL REFERENCES patient ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN
               ('mother','father','parent','guardian','spouse','sibling','grandparent','carer','contact','other')),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK (patient_id <> other_id),
    UNIQUE (patient_id, other_id, kind)
);
CREATE INDEX patient_relation_other ON patient_relation (other_id);
