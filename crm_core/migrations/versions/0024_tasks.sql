-- Work has an owner, may be put off, says what was asked and what settled it, and waits once per person and cause.
ALTER TABLE task
    ADD COLUMN assigned_to   bigint REFERENCES app_user,
    ADD COLUMN snoozed_until timestamptz,
    ADD COLUMN text          text NOT NULL DEFAULT '',     -- what a person wrote who opened it by hand
    ADD COLUMN created_by    text NOT NULL DEFAULT '',
    ADD COLUMN settled_by    text NOT NULL DEFAULT '';     -- what closed it, when nobody pressed "done": calls/UUID, sms/12
ALTER TABLE task DROP CONSTRAINT task_kind_check, ADD CONSTRAINT task_kind_check CHECK (kind IN
    ('answer_sms','call_back','hear_voicemail','check_outcome','find_patient','check_audit','todo'));

-- Doubles of the releases before: the oldest stays, due when the first of them is.
WITH doubled AS (
    SELECT id, first_value(id) OVER person AS kept, min(due_at) OVER person AS due_at
    FROM task WHERE status = 'open' AND kind IN ('answer_sms','call_back') AND msisdn <> ''
    WINDOW person AS (PARTITION BY kind, msisdn ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
)
UPDATE task SET
    due_at     = CASE WHEN task.id = kept THEN doubled.due_at ELSE task.due_at END,
    status     = CASE WHEN task.id = kept THEN 'open' ELSE 'done' END,
    done_at    = CASE WHEN task.id = kept THEN NULL ELSE now() END,
    done_by    = CASE WHEN task.id = kept THEN NULL ELSE 'system' END,
    settled_by = CASE WHEN task.id = kept THEN '' ELSE 'tasks/' || kept END
FROM doubled WHERE doubled.id = task.id;

-- Two kinds of references led nowhere.
UPDATE task SET ref = coalesce((SELECT 'sms/' || max(sms.id) FROM sms WHERE sms.peer = task.msisdn AND direction = 'in'), '')
WHERE ref = 'sms/too-many';
UPDATE task SET ref = coalesce('patients/' || patient_id, '') WHERE ref LIKE 'demo/%';

DROP INDEX task_one_call_back;
CREATE UNIQUE INDEX task_one_per_person ON task (kind, msisdn)
    WHERE status = 'open' AND msisdn <> '' AND kind IN ('answer_sms','call_back');
DROP INDEX task_once;
CREATE UNIQUE INDEX task_once ON task (kind, msisdn, ref)
    WHERE status = 'open' AND NOT (kind = 'todo' AND msisdn = '' AND ref = '');
CREATE INDEX task_of_person ON task (assigned_to, due_at, id) WHERE status = 'open';
CREATE INDEX task_put_off ON task (due_at, id) WHERE status = 'open' AND snoozed_until IS NOT NULL;
CREATE INDEX task_done ON task (done_at DESC, id DESC) WHERE status = 'done';
CREATE INDEX task_settled ON task (settled_by) WHERE settled_by <> '';
