-- Who of the staff wrote a text, and who looks after a conversation. May be run twice.
ALTER TABLE sms ADD COLUMN IF NOT EXISTS written_by bigint REFERENCES app_user;  -- NULL: a machine, a program, a patient
ALTER TABLE sms_thread ADD COLUMN IF NOT EXISTS owner_id bigint REFERENCES app_user;
