"""Envelopes: addresses in words, lines, places in millimetres, and the PDF that comes out."""

import io
from itertools import pairwise

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.kernel.ids import PatientId
from crm_core.patients.model import Sex
from letters import addresses, layout, lines
from letters.batches import batch
from letters.model import POINT_MM, Addressee, Sender, Sheet, Why
from letters.papers import PAPERS, Envelope, Labels
from letters.pdf import Press
from telephony.provision import fonts, roots

pytestmark = pytest.mark.unit

PRESS = Press(fonts.find(roots.default_cache()))
SENDER = Sender(name="示例县人民医院", address="浙江省杭州市健康路 1 号", postcode="310000")
ZHANG = Addressee(
    patient_id=PatientId(1),
    name="张三丰",
    sex=Sex.MALE,
    province="浙江省",
    city="杭州市",
    district="西湖区",
    street="文三路123号",
    postcode="310012",
)
FOREIGNER = Addressee(
    patient_id=PatientId(2),
    name="Maximilian O'Shaughnessy-Featherstonehaugh",
    province="Zhejiang",
    city="Hangzhou",
    district="Xihu District",
    street="Room 1203, 88 Wensan Road",
    postcode="310012",
)
FAR = Addressee(
    patient_id=PatientId(3),
    name="阿依古丽·买买提江·阿卜杜热合曼",
    sex=Sex.FEMALE,
    province="新疆维吾尔自治区",
    city="克孜勒苏柯尔克孜自治州",
    district="阿图什市",
    street="松他克镇温吐萨克村四组幸福花园小区东区十二号楼三单元一千二百零三室",
    postcode="845350",
)
every_paper = pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
every_envelope = pytest.mark.parametrize(
    "paper", [one for one in PAPERS.values() if isinstance(one, Envelope)], ids=lambda one: one.name
)


def living(**fields: str) -> Addressee:
    """Somebody with another address than Zhang's."""
    known = {name: getattr(ZHANG, name) for name in Addressee.__slots__}
    return Addressee(**known | fields)


def made(paper: Envelope | Labels, one: Addressee, *, frames: bool = True) -> Sheet:
    """A piece of paper for who fits on it."""
    sheet = layout.laid_out(paper, one, SENDER, PRESS.measure, frames=frames)
    assert isinstance(sheet, Sheet)
    return sheet


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "浙江省杭州市西湖区文三路123号"),
        ({"province": "北京市", "city": "北京市", "district": "东城区"}, "北京市东城区文三路123号"),
        ({"street": "浙江省杭州市西湖区文三路123号"}, "浙江省杭州市西湖区文三路123号"),
        ({"street": "西湖区文三路１２３号　Ａ座"}, "浙江省杭州市西湖区文三路123号 A座"),
        ({"province": "", "city": "", "district": ""}, "文三路123号"),
        ({"street": "Room 1203, 88 Wensan Road"}, "浙江省杭州市西湖区Room 1203, 88 Wensan Road"),
    ],
)
def test_an_address_reads_from_the_large_to_the_small_and_says_nothing_twice(fields: dict[str, str], said: str) -> None:
    assert addresses.place(living(**fields)) == said


def test_an_address_in_latin_letters_reads_from_the_small_to_the_large() -> None:
    assert addresses.place(FOREIGNER) == "Room 1203, 88 Wensan Road, Xihu District, Hangzhou, Zhejiang"
    assert addresses.whom(FOREIGNER) == FOREIGNER.name
    assert addresses.whom(ZHANG) == "张三丰先生 收"
    assert addresses.whom(living(sex="unknown")) == "张三丰 收"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, None),
        ({"street": "　 "}, Why.NO_STREET),
        ({"postcode": ""}, Why.NO_POSTCODE),
        ({"postcode": "31001"}, Why.BAD_POSTCODE),
        ({"postcode": "3100123"}, Why.BAD_POSTCODE),
        ({"postcode": "31OO12"}, Why.BAD_POSTCODE),
        ({"postcode": "000000"}, Why.BAD_POSTCODE),
        ({"postcode": "３１００１２"}, None),
        ({"postcode": "310 012"}, None),
        ({"postcode": "100006"}, Why.OTHER_PROVINCE),
        ({"province": "内蒙古自治区", "postcode": "137400"}, None),  # 兴安盟 is served from Jilin
        ({"province": "", "postcode": "100006"}, None),
    ],
)
def test_an_address_that_the_post_cannot_use_says_why(fields: dict[str, str], why: Why | None) -> None:
    assert addresses.fault(living(**fields)) is why


def one_em(text: str) -> float:
    """As a typewriter: half an em for a Latin letter, one for a Chinese one."""
    return sum(0.5 if ord(one) < 0x300 else 1.0 for one in text)


def test_lines_break_between_characters_but_not_inside_a_number_or_before_a_comma() -> None:
    assert lines.wrapped("文三路科技大厦1203室，东门", 8, one_em) == ["文三路科技大厦", "1203室，东门"]
    assert lines.wrapped("Room 1203, Wensan Road", 6, one_em) == ["Room 1203,", "Wensan Road"]
    assert lines.wrapped("科技大厦，", 4, one_em) == ["科技大", "厦，"]


@given(st.text(st.sampled_from("文三路1a ,，-室é𠮷"), max_size=60), st.integers(1, 20))
def test_no_line_is_wider_than_its_width_and_no_character_is_lost(text: str, ems: int) -> None:
    found = lines.wrapped(text, ems, one_em)
    assert all(one_em(line) <= ems for line in found)
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_the_type_gets_smaller_until_the_text_fits_and_then_gives_up() -> None:
    size, found = lines.fitted("一二三四五六七八九十", 10 * 10 * POINT_MM, (20, 10, 8), 1, one_em) or (0, [])
    assert (size, found) == (10, ["一二三四五六七八九十"])
    assert lines.fitted("一二三四五六七八九十", 10 * 10 * POINT_MM, (20,), 1, one_em) is None


@every_paper
@pytest.mark.parametrize("one", [ZHANG, FOREIGNER, FAR], ids=["zhang", "foreigner", "far"])
def test_everything_stays_on_the_paper(paper: Envelope | Labels, one: Addressee) -> None:
    sheet = made(paper, one)
    for text in sheet.texts:
        assert text.x >= 2
        assert text.x + text.width <= sheet.width - 2
        assert text.points * POINT_MM * 0.7 <= text.y <= sheet.height - 2
    said = "".join(text.text for text in sheet.texts).replace(" ", "")
    assert addresses.place(one).replace(" ", "") in said
    assert addresses.whom(one).replace(" ", "") in said


@every_envelope
def test_each_digit_stands_in_the_middle_of_its_red_box(paper: Envelope) -> None:
    sheet = made(paper, ZHANG)
    boxes, digits = sheet.boxes[:6], sheet.texts[:6]
    assert "".join(digit.text for digit in digits) == "310012"
    for box, digit in zip(boxes, digits, strict=True):
        assert digit.x + digit.width / 2 == pytest.approx(box.x + box.width / 2)
        assert box.y < digit.y < box.y + box.height
    assert len({round(after.x - before.x, 6) for before, after in pairwise(boxes)}) == 1
    assert boxes[-1].x + boxes[-1].width < 90
    assert boxes[0].y + boxes[0].height < 26


@every_envelope
@pytest.mark.parametrize("one", [ZHANG, FAR], ids=["zhang", "far"])
def test_what_the_sorting_machine_reads_and_sprays_on_stays_free(paper: Envelope, one: Addressee) -> None:
    for text in made(paper, one).texts[6:]:
        top, right = text.y - text.points * POINT_MM, text.x + text.width
        assert not (text.x < 90 and top < 26)
        assert not (text.y > paper.height - 20 and text.x < paper.width - 55 and right > paper.width - 160)


@every_envelope
def test_an_envelope_that_was_bought_has_its_boxes_already(paper: Envelope) -> None:
    assert made(paper, ZHANG, frames=False).boxes == ()
    assert made(paper, ZHANG, frames=False).texts == made(paper, ZHANG).texts


def test_labels_stand_side_by_side_and_go_on_on_the_next_sheet() -> None:
    paper = PAPERS["a4_3x8"]
    assert isinstance(paper, Labels)
    piece = made(paper, ZHANG)
    printed = list(layout.sheets(paper, [piece] * 25))
    assert [len(sheet.texts) // len(piece.texts) for sheet in printed] == [24, 1]
    last = printed[0].texts[-1]
    assert last.x == pytest.approx(piece.texts[-1].x + 140)
    assert last.y == pytest.approx(piece.texts[-1].y + 0.5 + 7 * 37)
    assert last.y < 297


def test_nobody_is_printed_twice_and_everybody_left_out_has_a_reason() -> None:
    people = {
        PatientId(1): ZHANG,
        PatientId(2): living(patient_id="2", street=""),
        PatientId(3): living(patient_id="3", name="张\U000e0001三"),
        PatientId(4): living(patient_id="4", street="很长的地址" * 60),
    }
    wanted = [PatientId(number) for number in (1, 2, 3, 4, 5, 1)]
    found = batch(PAPERS["dl"], wanted, people, SENDER, PRESS, frames=False)
    assert list(found.pieces) == [1]
    assert [(one.patient_id, one.why) for one in found.left_out] == [
        (2, Why.NO_STREET),
        (3, Why.NO_GLYPH),
        (4, Why.NO_ROOM),
        (5, Why.GONE),
    ]


def test_two_hundred_envelopes_are_one_pdf_of_their_size_with_words_that_can_be_searched() -> None:
    rare = living(name="𠮷㛃")
    pieces = [made(PAPERS["dl"], rare)] + [made(PAPERS["dl"], ZHANG)] * 199
    with pypdfium2.PdfDocument(io.BytesIO(PRESS.pdf(layout.sheets(PAPERS["dl"], pieces), title="letters/1"))) as pdf:
        assert len(pdf) == 200
        width, height = pdf[0].get_size()
        assert (round(width * POINT_MM, 1), round(height * POINT_MM, 1)) == (220.0, 110.0)
        assert "𠮷㛃先生 收" in pdf[0].get_textpage().get_text_range()
        assert "浙江省杭州市西湖区文三路123号" in pdf[199].get_textpage().get_text_range()


def test_the_paper_is_inked_where_the_layout_says() -> None:
    piece = made(PAPERS["dl"], ZHANG)
    with pypdfium2.PdfDocument(io.BytesIO(PRESS.pdf([piece], title="x"))) as pdf:
        scale = 4.0
        picture = pdf[0].render(scale=scale).to_pil().convert("RGB")
    dot = scale / POINT_MM  # of the picture, a millimetre
    box = piece.boxes[0]
    red, green, blue = picture.getpixel((round(box.x * dot), round((box.y + 4) * dot)))
    assert red > 150 > max(green, blue)
    for text in piece.texts[6:]:
        here = (text.x * dot, (text.y - 3) * dot, (text.x + text.width) * dot, text.y * dot)
        assert picture.crop(tuple(map(round, here))).convert("L").getextrema()[0] < 100
    empty = picture.crop((round(65 * dot), round(92 * dot), round(160 * dot), round(109 * dot)))
    assert empty.convert("L").getextrema() == (255, 255)


@settings(max_examples=25)
@given(st.text(max_size=40), st.text(max_size=80))
def test_whatever_stands_in_a_record_is_printed_or_left_out_with_a_reason(name: str, street: str) -> None:
    one = living(name=name, street=street)
    found = batch(PAPERS["dl"], [one.patient_id], {one.patient_id: one}, SENDER, PRESS, frames=True)
    assert len(found.pieces) + len(found.left_out) == 1
