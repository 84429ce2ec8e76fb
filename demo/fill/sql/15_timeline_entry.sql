-- About 5 for each patient.
INSERT INTO timeline_entry (patient_id, kind, at, code, args, ref)
SELECT a.patient_id, 'appointment', a.booked_at, 'appointment.booked',
       jsonb_build_object('department', '专科', 'practitioner', '医生', 'starts_at', s.starts_at), 'appointments/' || a.id
FROM base JOIN appointment a ON a.id > base.appointment JOIN slot s ON s.id = a.slot_id
UNION ALL
SELECT c.patient_id, 'call', c.started_at, 'call.in_answered', '{"agent": "坐席"}', 'calls/' || c.id FROM call c
WHERE c.linkedid LIKE 'fill-%' AND c.agent_id IS NOT NULL
UNION ALL
SELECT base.patient + 1, 'sms', base.now - make_interval(days => n), 'sms.sent', '{}', 'fill/' || n
FROM base, generate_series(1, 600) n
