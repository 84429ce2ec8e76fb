-- A new kind of work is a row here and a line of words; its migration writes the row, and no table is locked.
CREATE TABLE task_kind (kind text PRIMARY KEY CHECK (kind <> ''));
INSERT INTO task_kind VALUES
    ('answer_sms'), ('call_back'), ('hear_voicemail'), ('check_outcome'), ('find_patient'), ('check_audit'), ('todo');
ALTER TABLE task
    ADD COLUMN title      text NOT NULL DEFAULT '',        -- in place of its kind; `text` is the note under it
    ADD COLUMN result     text NOT NULL DEFAULT '',        -- what came of it
    ADD COLUMN priority   smallint NOT NULL DEFAULT 2 CHECK (priority BETWEEN 1 AND 3),  -- 1 urgent, 3 when there is time
    ADD COLUMN team       text NOT NULL DEFAULT '',        -- the role whose work it is; '': anybody's
    ADD COLUMN claimed_by bigint REFERENCES app_user,      -- who is at it now
    ADD COLUMN claimed_at timestamptz,
    ADD CONSTRAINT task_claim CHECK ((claimed_by IS NULL) = (claimed_at IS NULL)) NOT VALID,
    DROP CONSTRAINT task_kind_check,
    ADD CONSTRAINT task_kind_exists FOREIGN KEY (kind) REFERENCES task_kind NOT VALID;
CREATE INDEX task_claimed ON task (claimed_by) WHERE claimed_by IS NOT NULL;
