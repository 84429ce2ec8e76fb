-- A kind is what stands before the dot of a code; the codes are in crm_core/patients/timeline_code.py. A new one needs no
-- migration. UNIQUE (patient_id, kind, ref, code) stays as it is: the release before writes by it.
ALTER TABLE timeline_entry DROP CONSTRAINT timeline_entry_kind_check;
