"""One type per identifier: a raw string or number does not fit where another meaning is wanted."""

from typing import NewType
from uuid import UUID

PatientId = NewType("PatientId", int)
CampusId = NewType("CampusId", int)
DepartmentId = NewType("DepartmentId", int)
PractitionerId = NewType("PractitionerId", int)
SlotId = NewType("SlotId", int)
AppointmentId = NewType("AppointmentId", int)
ConsultationId = NewType("ConsultationId", int)
TaskId = NewType("TaskId", int)
UserId = NewType("UserId", int)
TokenId = NewType("TokenId", int)
SessionId = NewType("SessionId", int)
AttemptId = NewType("AttemptId", int)
SmsId = NewType("SmsId", int)
ThreadId = NewType("ThreadId", int)  # all texts with one number
CallId = NewType("CallId", UUID)  # ours: one call, whatever number of channels it had
RecordingId = NewType("RecordingId", UUID)  # random: cannot be guessed

Uniqueid = NewType("Uniqueid", str)  # one Asterisk channel
Linkedid = NewType("Linkedid", str)  # all channels of one conversation
Msisdn = NewType("Msisdn", str)  # E.164 with '+', e.g. "+8613800138000"
