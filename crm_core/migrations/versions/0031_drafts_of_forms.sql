-- What is typed into any form, not only about a call. The release before goes on writing drafts of calls.
ALTER TABLE draft DROP CONSTRAINT draft_pkey;
ALTER TABLE draft
    ADD COLUMN id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ADD COLUMN form            text NOT NULL DEFAULT 'call'
        CHECK (form IN ('call', 'text', 'task', 'patient', 'consultation')),
    ADD COLUMN thread_id       bigint REFERENCES sms_thread ON DELETE CASCADE,
    ADD COLUMN patient_id      bigint REFERENCES patient ON DELETE CASCADE,
    ADD COLUMN consultation_id bigint REFERENCES consultation ON DELETE CASCADE,
    ALTER COLUMN call_id DROP NOT NULL,
    ADD CHECK ((form = 'call') = (call_id IS NOT NULL)),
    ADD CHECK (num_nonnulls(call_id, thread_id, patient_id, consultation_id) <= 1);
CREATE UNIQUE INDEX draft_of_call ON draft (user_id, call_id);
CREATE UNIQUE INDEX draft_of_subject ON draft (user_id, form, call_id, thread_id, patient_id, consultation_id)
    NULLS NOT DISTINCT;
CREATE INDEX ON draft (thread_id) WHERE thread_id IS NOT NULL;
CREATE INDEX ON draft (patient_id) WHERE patient_id IS NOT NULL;
CREATE INDEX ON draft (consultation_id) WHERE consultation_id IS NOT NULL;
