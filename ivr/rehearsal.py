"""A small hospital in memory: what `hcrm try-flow` and the stories of the tests let a flow talk to. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import assert_never

from crm_core.kernel.calendar import Opening
from crm_core.kernel.ids import AppointmentId, DepartmentId, Msisdn, PatientId, SlotId
from ivr.facts import Appointment, Department, Facts, Person, Slot
from ivr.flow import (
    Appointments,
    Book,
    Cancel,
    Changed,
    Confirm,
    CountStaff,
    Departments,
    Done,
    FindByCallerId,
    FindByCard,
    FreeSlots,
    Input,
    ListDepartments,
    PatientsFound,
    Refused,
    Request,
    RequestCallback,
    Reschedule,
    SetLanguage,
    Slots,
    Staff,
    Upcoming,
)
from ivr.prompt import Language, Text

SHORTEST_NUMBER = 5
LookUp = FindByCallerId | FindByCard | ListDepartments | FreeSlots | Upcoming | CountStaff


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePatient:
    """A patient as a story writes one."""

    id: PatientId
    name: str
    phones: tuple[Msisdn, ...] = ()
    card_no: str = ""
    birth_date: date | None = None
    language: Language = "zh_CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSlot:
    """A slot as a story writes one; `department` is an id."""

    id: SlotId
    department: DepartmentId
    practitioner: str
    practitioner_en: str
    at: datetime
    free: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAppointment:
    """An appointment as a story writes one."""

    id: AppointmentId
    patient: PatientId
    slot: SlotId
    status: str = "booked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A hospital as a story begins it."""

    now: datetime
    name: Text
    hours: Opening = Opening.OPEN
    staff: bool = True
    patients: tuple[SamplePatient, ...] = ()
    departments: tuple[Department, ...] = ()
    slots: tuple[SampleSlot, ...] = ()
    appointments: tuple[SampleAppointment, ...] = ()


@dataclass(slots=True)
class Rehearsal:
    """The hospital while a story runs; `happened` are the changes that the call made, in order."""

    sample: Sample
    free: dict[SlotId, int] = field(default_factory=dict)
    appointments: dict[AppointmentId, SampleAppointment] = field(default_factory=dict)
    languages: dict[PatientId, Language] = field(default_factory=dict)
    happened: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Input:
        """What a real hospital would answer."""
        match request:
            case Book() | Confirm() | Cancel() | Reschedule():
                return self._change(request)
            case RequestCallback() | SetLanguage():
                return self._note(request)
            case _:
                return self._look_up(request)

    def _look_up(self, request: LookUp) -> Input:
        match request:
            case FindByCallerId(msisdn):
                return PatientsFound(tuple(self.person(p) for p in self.sample.patients if msisdn in p.phones))
            case FindByCard(card_no, born):
                found = (p for p in self.sample.patients if p.card_no == card_no and p.birth_date == born)
                return PatientsFound(tuple(self.person(p) for p in found))
            case ListDepartments():
                return Departments(self.sample.departments)
            case FreeSlots(department_id, not_before, patient_id, _moving):
                return Slots(self._free_slots(department_id, not_before, patient_id))
            case Upcoming(patient_id):
                mine = (item for item in self.appointments.values() if item.patient == patient_id)
                return Appointments(tuple(self.appointment(item) for item in mine if item.status != "cancelled"))
            case CountStaff():
                return Staff(self.sample.staff)
            case _:
                assert_never(request)

    def _change(self, request: Book | Confirm | Cancel | Reschedule) -> Input:
        match request:
            case Book(patient_id, slot_id):
                return self._book(patient_id, slot_id, "book")
            case Confirm(appointment_id):
                return self._set_status(appointment_id, "confirmed", "confirm")
            case Cancel(appointment_id):
                self.free[self.appointments[appointment_id].slot] += 1
                return self._set_status(appointment_id, "cancelled", "cancel")
            case Reschedule(appointment_id, slot_id):
                return self._reschedule(appointment_id, slot_id)
            case _:
                assert_never(request)

    def _note(self, request: RequestCallback | SetLanguage) -> Input:
        match request:
            case RequestCallback(number):
                if len(number) < SHORTEST_NUMBER:
                    return Refused("invalid_msisdn")
                self.happened.append("request_callback")
                return Done()
            case SetLanguage(patient_id, language):
                self.languages[patient_id] = language
                self.happened.append(f"set_language {language}")
                return Done()
            case _:
                assert_never(request)

    def person(self, patient: SamplePatient) -> Person:
        """As a flow sees a patient."""
        return Person(id=patient.id, name=patient.name, language=self.languages.get(patient.id, patient.language))

    def appointment(self, item: SampleAppointment) -> Appointment:
        """As a flow sees an appointment."""
        return Appointment(id=item.id, slot=self._slot(self._by_id(item.slot)))

    def _book(self, patient_id: PatientId, slot_id: SlotId, what: str) -> Input:
        if self.free[slot_id] < 1:
            return Refused("slot_full")
        self.free[slot_id] -= 1
        new = SampleAppointment(id=AppointmentId(1000 + len(self.appointments)), patient=patient_id, slot=slot_id)
        self.appointments[new.id] = new
        self.happened.append(f"{what} {slot_id}")
        return Changed(self.appointment(new))

    def _reschedule(self, appointment_id: AppointmentId, slot_id: SlotId) -> Input:
        old = self.appointments[appointment_id]
        answer = self._book(old.patient, slot_id, "reschedule")
        if isinstance(answer, Changed):
            self.free[old.slot] += 1
            self._put(old, "cancelled")
        return answer

    def _set_status(self, appointment_id: AppointmentId, status: str, what: str) -> Input:
        self.happened.append(what)
        return Changed(self.appointment(self._put(self.appointments[appointment_id], status)))

    def _put(self, item: SampleAppointment, status: str) -> SampleAppointment:
        changed = SampleAppointment(id=item.id, patient=item.patient, slot=item.slot, status=status)
        self.appointments[item.id] = changed
        return changed

    def _free_slots(
        self, department_id: DepartmentId, not_before: datetime | None, patient_id: PatientId | None
    ) -> tuple[Slot, ...]:
        since = not_before or self.sample.now
        mine = (one for one in self.appointments.values() if one.patient == patient_id and one.status != "cancelled")
        taken = {self._by_id(one.slot).at for one in mine}
        here = [s for s in self.sample.slots if s.department == department_id and s.at >= since and self.free[s.id]]
        free = sorted((slot for slot in here if slot.at not in taken), key=lambda slot: slot.at)
        return tuple(self._slot(slot) for slot in free)

    def _by_id(self, slot_id: SlotId) -> SampleSlot:
        return next(slot for slot in self.sample.slots if slot.id == slot_id)

    def _slot(self, slot: SampleSlot) -> Slot:
        return Slot(
            id=slot.id,
            department=next(item for item in self.sample.departments if item.id == slot.department),
            practitioner=slot.practitioner,
            practitioner_en=slot.practitioner_en,
            starts_at=slot.at,
        )


def rehearse(sample: Sample) -> Rehearsal:
    """A hospital at the beginning of a story."""
    hospital = Rehearsal(sample)
    hospital.free = {slot.id: slot.free for slot in sample.slots}
    hospital.appointments = {item.id: item for item in sample.appointments}
    return hospital


def facts(hospital: Rehearsal, *, caller: str, language: Language, about: AppointmentId | None) -> Facts:
    """What the call knows at its begin; `about` is the appointment of a reminder."""
    item = hospital.appointments[about] if about is not None else None
    patients: Mapping[PatientId, SamplePatient] = {patient.id: patient for patient in hospital.sample.patients}
    return Facts(
        now=hospital.sample.now,
        hospital=hospital.sample.name,
        hours=hospital.sample.hours,
        caller=Msisdn(caller) if caller else None,
        language=language,
        patient=hospital.person(patients[item.patient]) if item else None,
        appointment=hospital.appointment(item) if item else None,
    )
