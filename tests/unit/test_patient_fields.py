"""The fields of a record: what each takes from a form and a file, and what it gives back."""

from datetime import date

import pytest

from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.patients import rules
from crm_core.patients.exchange import columns
from crm_core.patients.fields import FIELDS, Education, MaritalStatus
from crm_core.patients.model import NewPatient, Patient
from web.patient_record import Record
from web.sheet import read, typed_of

pytestmark = pytest.mark.unit

ZHANG = Patient(
    id=PatientId(7),
    version=3,
    name="张三丰",
    birth_date=date(1957, 4, 9),
    phones=(Msisdn("+8613800138000"),),
    contact_name="张翠山",
    contact_phone="+8613900000001",
    inpatient_no="ZY1",
    province="浙江省",
    street="文三路 1 号",
    postcode="310012",
    allergies=("青霉素", "磺胺"),
    family_history="父:糖尿病\n母:高血压",
    education=Education.BACHELOR,
    marital_status=MaritalStatus.MARRIED,
)


def test_what_is_exported_is_read_back_as_it_was() -> None:
    for chinese in (True, False):
        fields = [columns.field_of(title) for title in columns.titles(chinese=chinese)]
        assert fields == [field.name for field in FIELDS]
        said = columns.changes_of(columns.given(fields, columns.as_row(ZHANG, chinese=chinese)))
        assert rules.with_changes(ZHANG, said) == rules.as_new(ZHANG)


def test_no_two_fields_have_one_title() -> None:
    titles = [title for field in FIELDS for title in (field.chinese, field.english, field.name, *field.also.split())]
    assert {columns.field_of(title) for title in titles} == {field.name for field in FIELDS}
    for field in FIELDS:
        assert all(columns.field_of(title) == field.name for title in field.also.split())


def test_what_the_form_shows_is_read_back_as_it_was() -> None:
    asked = read(Record, typed_of(Record, rules.values(ZHANG)))
    assert asked.problems == {}
    assert rules.with_changes(ZHANG, {one.name: getattr(asked.value, one.name) for one in FIELDS}) == rules.as_new(
        ZHANG
    )


def test_nothing_of_a_record_is_in_its_repr() -> None:
    assert repr(ZHANG) == "Patient(id=7, version=3)"
    assert repr(NewPatient(name="张三丰")) == "NewPatient()"


@pytest.mark.parametrize("typed", ["31001", "3100122", "ABCDEF"])
def test_a_postcode_has_six_digits(typed: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        rules.checked(NewPatient(name="张", postcode=typed))
    assert caught.value.field == "postcode"


def test_what_people_type_is_kept_in_one_form() -> None:
    new = rules.checked(
        NewPatient(name="张", postcode="３１０ ０１２", contact_phone="139 0000 0001", needs=" 靠窗 \n\n 安静  些 ")
    )
    assert (new.postcode, new.contact_phone, new.needs) == ("310012", "+8613900000001", "靠窗\n\n安静 些")


def test_the_contact_person_has_a_telephone_number_or_none() -> None:
    with pytest.raises(InvalidInputError) as caught:
        rules.checked(NewPatient(name="张", contact_phone="12"))
    assert caught.value.field == "contact_phone"


@pytest.mark.parametrize(("word", "code"), [("大学本科", "bachelor"), ("文盲", "none"), ("Master", "master")])
def test_education_is_understood_as_other_systems_write_it(word: str, code: str) -> None:
    assert columns.changes_of({"education": word}) == {"education": code}
