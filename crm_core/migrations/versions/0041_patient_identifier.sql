-- A person has several numbers of a kind: one inpatient number a stay, an old card and the new one.
-- docs/decisions/0090-identifiers.md says why the columns go at once.
CREATE TABLE patient_identifier (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id   bigint NOT NULL REFERENCES patient ON DELETE CASCADE,
    system       text NOT NULL CHECK (system IN ('card_no','outpatient_no','inpatient_no')),
    value        text NOT NULL CHECK (value <> ''),
    period_start date,
    period_end   date CHECK (period_end >= period_start)  -- NULL: it is the one to use
);
INSERT INTO patient_identifier (patient_id, system, value)
SELECT patient.id, numbers.system, numbers.value
FROM patient CROSS JOIN LATERAL (VALUES
    ('card_no', card_no), ('outpatient_no', outpatient_no), ('inpatient_no', inpatient_no)) AS numbers (system, value)
WHERE numbers.value IS NOT NULL ORDER BY patient.id;
ALTER TABLE patient_identifier ADD CONSTRAINT patient_identifier_value UNIQUE (value, system);
CREATE INDEX patient_identifier_patient ON patient_identifier (patient_id);
CREATE UNIQUE INDEX patient_identifier_current ON patient_identifier (patient_id, system) WHERE period_end IS NULL;
ALTER TABLE patient DROP COLUMN card_no, DROP COLUMN outpatient_no, DROP COLUMN inpatient_no;
