-- Nobody overwrites what they have not seen: history says which version each change made (0: before there were any).
ALTER TABLE patient_change ADD COLUMN version int NOT NULL DEFAULT 0;
ALTER TABLE contact_hours
    ADD COLUMN version    int NOT NULL DEFAULT 1,
    ADD COLUMN changed_by text NOT NULL DEFAULT '',
    ADD COLUMN changed_at timestamptz;

-- A consultation is answered: by whom, when, with what; and it knows the call in which it was written down.
ALTER TABLE consultation
    ADD COLUMN call_id   uuid REFERENCES call,
    ADD COLUMN result    text NOT NULL DEFAULT '',
    ADD COLUMN closed_at timestamptz,
    ADD COLUMN closed_by text NOT NULL DEFAULT '';
CREATE INDEX consultation_call ON consultation (call_id);
CREATE INDEX consultation_status ON consultation (status, id DESC);
