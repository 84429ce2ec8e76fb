-- Sentences of the releases before become codes, and texts are no longer copied: what an entry leads to has them. Twenty
-- thousand rows at a time, each batch a transaction of its own; nobody waits. May be run twice.
DO $$
DECLARE
    codes jsonb := '{
        "Appointment booked: {department}, {practitioner}, {starts_at}": "appointment.booked",
        "Appointment confirmed: {department}, {practitioner}, {starts_at}": "appointment.confirmed",
        "Appointment cancelled: {department}, {practitioner}, {starts_at}": "appointment.cancelled",
        "Appointment moved away from: {department}, {practitioner}, {starts_at}": "appointment.moved",
        "Came to the appointment: {department}, {practitioner}, {starts_at}": "appointment.arrived",
        "Appointment missed: {department}, {practitioner}, {starts_at}": "appointment.noshow",
        "Expected again: {department}, {practitioner}, {starts_at}": "appointment.expected",
        "Visit: {department}, {practitioner}, {starts_at}": "encounter.visit",
        "Incoming call, not answered": "call.in_unanswered",
        "Incoming call, answered by {agent}": "call.in_answered",
        "Incoming call to the voice menu": "call.in_menu",
        "Incoming call, nobody was free": "call.in_missed",
        "Outgoing call, not answered": "call.out_unanswered",
        "Outgoing call by {agent}": "call.out_answered",
        "Outgoing call by the system": "call.out_machine",
        "Outgoing call, nobody was free": "call.out_missed",
        "Reminder call: the line was busy": "call.reminder_busy",
        "Reminder call: nobody answered": "call.reminder_no_answer",
        "Reminder call: the number could not be reached": "call.reminder_failed",
        "Reminder call: outcome unknown": "call.reminder_unknown",
        "Consultation by {source}": "consultation.asked",
        "Consultation by {source}: {text}": "consultation.asked",
        "Consultation answered: {result}": "consultation.answered",
        "Agreed to {purpose} by {channel}": "consent.agreed",
        "Refused {purpose} by {channel}": "consent.refused",
        "Put on the never-contact list": "consent.forbidden",
        "Put on the never-contact list: {reason}": "consent.forbidden",
        "Taken off the never-contact list": "consent.allowed",
        "Task: answer a message": "task.answer_sms",
        "Task: call back": "task.call_back",
        "Task: hear a voicemail": "task.hear_voicemail",
        "Task: find out whether a message or call arrived": "task.check_outcome",
        "Task: find out who this is": "task.find_patient",
        "Task: find out who changed the audit": "task.check_audit",
        "Task: {text}": "task.todo",
        "SMS sent: {text}": "sms.sent",
        "SMS received: {text}": "sms.received"
    }';
    first bigint := (SELECT min(id) FROM timeline_entry);
    last bigint := (SELECT max(id) FROM timeline_entry);
BEGIN
    WHILE first <= last LOOP
        UPDATE timeline_entry AS e SET code = codes ->> e.code, args = e.args - 'text' - 'result'
        WHERE e.id >= first AND e.id < first + 20000 AND codes ? e.code
          AND NOT EXISTS (SELECT FROM timeline_entry o  -- said by both spellings
                          WHERE o.patient_id = e.patient_id AND o.kind = e.kind AND o.ref = e.ref
                            AND o.code = codes ->> e.code);
        COMMIT;
        first := first + 20000;
    END LOOP;
END $$;
