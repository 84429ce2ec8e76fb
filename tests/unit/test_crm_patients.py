"""Names, placeholders, cells of files and who is the same patient: decided from values."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import Msisdn, PatientId
from crm_core.patients import rules
from crm_core.patients.exchange import columns, matching
from crm_core.patients.exchange.matching import Conflict, Nobody, Somebody
from crm_core.patients.meanwhile import meanwhile
from crm_core.patients.model import Language, NewPatient, Patient, PatientChange, Sex
from crm_core.patients.pinyin import normal, search_text

pytestmark = pytest.mark.unit

HOME = Msisdn("+8613800138000")


def patient(
    patient_id: int,
    name: str,
    *phones: Msisdn,
    birth: date | None = None,
    card: str | None = None,
    inp: str | None = None,
) -> Patient:
    return Patient(
        id=PatientId(patient_id),
        version=1,
        name=name,
        sex=Sex.UNKNOWN,
        birth_date=birth,
        card_no=card,
        outpatient_no=None,
        inpatient_no=inp,
        region="",
        source="",
        department="",
        diseases=(),
        member_level="",
        language=Language.ZH_CN,
        phones=phones,
    )


def test_a_surname_is_indexed_by_every_reading() -> None:
    words = search_text("曾国").split()
    assert {"曾国", "国", "zengguo", "cengguo", "zg", "cg", "guo", "g"} <= set(words)


def test_a_very_long_name_is_not_indexed_without_end() -> None:
    assert len(search_text("阿卜杜拉买买提阿卜杜拉买买提")) < 20_000


@given(st.text(max_size=20))
def test_any_name_can_be_indexed_and_looked_for(name: str) -> None:
    assert all(word and " " not in word for word in search_text(name).split(" ")[1:])
    assert normal(normal(name)) == normal(name)


@pytest.mark.parametrize(
    "text", ["", " ", "0", "000", "无", "暂无", "11111111111", "99999999", "-", "N/A", "null", "／"]
)
def test_what_people_type_when_there_is_nothing(text: str) -> None:
    assert rules.is_placeholder(text)


@pytest.mark.parametrize("text", ["1", "10", "13800138000", "A0", "无锡", "11"])
def test_what_only_looks_like_nothing(text: str) -> None:
    assert not rules.is_placeholder(text)


@pytest.mark.parametrize(
    ("title", "field"),
    [
        ("姓名", "name"),
        (" 患者姓名 ", "name"),
        ("手机号码", "phones"),
        ("电话2", "phones"),
        ("Phones", "phones"),
        ("一卡通号", "card_no"),
        ("Card No.", "card_no"),
        ("outpatient_no", "outpatient_no"),
        ("出生日期", "birth_date"),
        ("体重", None),
        (None, None),
    ],
)
def test_a_column_is_known_by_its_title(title: str | None, field: str | None) -> None:
    assert columns.field_of(title) == field


def test_cells_of_a_row_become_values() -> None:
    fields = [
        columns.field_of(title) for title in ("姓名", "性别", "生日", "手机", "电话2", "卡号", "疾病", "体重", "语言")
    ]
    row: list[str | float | date] = [
        " 张三 ",
        "女",
        date(1980, 5, 1),
        13800138000.0,
        "010-65529988/无",
        10086,
        "高血压、糖尿病",
        "x",
        "英语",
    ]
    assert columns.changes_of(columns.given(fields, row)) == {
        "name": "张三",
        "sex": "female",
        "birth_date": date(1980, 5, 1),
        "phones": ("13800138000", "010-65529988"),
        "card_no": "10086",
        "diseases": ("高血压", "糖尿病"),
        "language": "en",
    }


@pytest.mark.parametrize(
    "text",
    ["1980-05-01", "1980/5/1", "1980.5.1", "1980年5月1日", "19800501", "1980-05-01 00:00:00", "１９８０年５月１日"],
)
def test_a_birthday_is_written_in_many_ways(text: str) -> None:
    assert columns.changes_of(columns.given(["birth_date"], [text])) == {"birth_date": date(1980, 5, 1)}


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("phones", "1.38E+10"),
        ("card_no", 1.2345678901234567e17),
        ("card_no", 12.5),
        ("card_no", -1),
        ("birth_date", "1980-13-01"),
        ("birth_date", "yesterday"),
        ("sex", "f/m"),
        ("language", "ko"),
    ],
)
def test_a_cell_that_cannot_be_right_is_refused_with_its_field(field: str, cell: str | float) -> None:
    with pytest.raises(InvalidInputError) as caught:
        columns.changes_of(columns.given([field], [cell]))
    assert caught.value.field == field


def test_a_name_padded_for_a_table_is_the_same_name() -> None:
    assert rules.checked(NewPatient(name=" 张　三 ")).name == "张三"
    assert rules.checked(NewPatient(name="John  Smith")).name == "John Smith"


def match(row: NewPatient, *candidates: Patient) -> matching.Match:
    numbers = frozenset(phone.msisdn for phone in rules.phones(row.phones))
    return matching.match(row, numbers, candidates)


def test_the_same_card_is_the_same_patient_whatever_else_changed() -> None:
    known = patient(1, "张三", card="7", birth=date(1980, 5, 1))
    assert match(NewPatient(name="张三丰", card_no="7", birth_date=date(1981, 5, 1)), known) == Somebody(known)


def test_the_same_telephone_and_name_are_the_same_patient_unless_the_birthday_differs() -> None:
    known = patient(1, "张三", HOME, birth=date(1980, 5, 1))
    assert match(NewPatient(name="张三", phones=("13800138000",)), known) == Somebody(known)
    son = NewPatient(name="张三", phones=("13800138000",), birth_date=date(2010, 5, 1))
    assert match(son, known) == Nobody(shares_number=True)


def test_another_name_at_the_family_telephone_is_a_new_patient() -> None:
    known = patient(1, "张三", HOME, card="7")
    assert match(NewPatient(name="李四", phones=("13800138000",)), known) == Nobody(shares_number=True)
    assert match(NewPatient(name="李四", phones=("13911112222",))) == Nobody(shares_number=False)


def test_keys_that_name_two_patients_are_a_conflict() -> None:
    row = NewPatient(name="张三", phones=("13800138000",), card_no="7")
    assert isinstance(match(row, patient(1, "张三", HOME), patient(2, "李四", card="7")), Conflict)


def test_a_namesake_at_the_same_telephone_with_another_card_is_left_to_a_person() -> None:
    known = patient(1, "张三", HOME, card="7", birth=date(1980, 5, 1))
    row = NewPatient(name="张三", phones=("13800138000",), card_no="8")
    assert isinstance(match(row, known), Conflict)
    same_birth = NewPatient(name="张三", phones=("13800138000",), card_no="8", birth_date=date(1980, 5, 1))
    assert match(same_birth, known) == Somebody(known)


def test_a_row_without_any_key_is_nobody_we_could_find_again() -> None:
    assert not matching.has_key(NewPatient(name="张三"), frozenset())
    assert matching.has_key(NewPatient(name="张三", inpatient_no="1"), frozenset())


def test_nobody_is_registered_before_they_are_born() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    rules.ensure_born(None, noon)
    rules.ensure_born(date(2026, 3, 3), noon)  # already tomorrow in the hospital
    with pytest.raises(InvalidInputError) as caught:
        rules.ensure_born(date(2026, 3, 4), noon)
    assert caught.value.field == "birth_date"


@pytest.mark.parametrize(
    ("people", "nobodys"), [(1, False), (rules.MOST_SHARERS, False), (rules.MOST_SHARERS + 1, True)]
)
def test_a_number_is_nobodys_when_more_people_have_it_than_a_family_has(people: int, nobodys: bool) -> None:
    assert rules.is_nobodys(people) is nobodys


def change(name: str, old: object, new: object) -> PatientChange:
    return PatientChange(field_name=name, at=datetime(2026, 3, 2, tzinfo=UTC), actor="li", old=old, new=new)


def test_of_three_versions_the_reader_keeps_what_they_typed_and_follows_the_others_elsewhere() -> None:
    now = patient(1, "张三", HOME, birth=date(1980, 5, 5))
    since = [
        change("birth_date", None, "1970-01-01"),
        change("name", "张", "张三"),
        change("birth_date", "1970-01-01", "1980-05-05"),
        change("phones", [], [HOME]),
        change("region", "北京", "上海"),
        change("region", "上海", ""),
    ]
    opened = {"name": "张", "birth_date": None, "phones": (), "region": "北京", "card_no": None}
    shown = meanwhile(now, since, opened | {"name": "张三丰", "card_no": "K1", "region": ""})
    assert shown.values == {
        "name": "张三丰",
        "birth_date": date(1980, 5, 5),
        "phones": (HOME,),
        "region": "",
        "card_no": "K1",
    }
    assert {name: one.new for name, one in shown.changes.items()} == {
        "name": "张三",
        "birth_date": "1980-05-05",
        "phones": [HOME],
        "region": "",
    }
    assert shown.both == {"name"}


def test_what_was_changed_and_changed_back_is_no_change() -> None:
    since = [change("region", "", "上海"), change("region", "上海", "")]
    assert meanwhile(patient(1, "张三"), since, {"region": "广州"}).changes == {}
