"""PDUs: vectors from other hands, round trips through an independent reader, and garbage."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms import gsm7, pdu
from sms.address import INTERNATIONAL, Address, AddressError, address_of, msisdn_of_peer, peer_of
from sms.pdu import Concatenation, Deliver, PduError, StatusReport, Submit
from sms.segments import Alphabet, split, text_of

pytestmark = pytest.mark.unit


def deliver(
    *, sender: str = "0D91683108108300F0", first: int = 0x04, dcs: int = 0, stamp: str = "62112122700023", data: str
) -> str:
    """A DELIVER put together by hand; `data` is length and user data in hex."""
    return f"00{first:02X}{sender}00{dcs:02X}{stamp}{data}"


def read_submit(hex_text: str) -> tuple[str, Alphabet, bytes, Concatenation | None, int | None]:
    """An independent reader of what the modem is given: number, alphabet, payload, header, validity byte."""
    data = bytes.fromhex(hex_text)
    assert data[0] == 0
    first, digits = data[1], data[3]
    assert first & 0b11 == 1
    end = 5 + (digits + 1) // 2
    number = data[5:end].hex()
    number = "".join(number[i + 1] + number[i] for i in range(0, len(number), 2))[:digits]
    pid, dcs = data[end], data[end + 1]
    assert pid == 0
    at = end + 2
    validity = None
    if first & 0x10:
        validity, at = data[at], at + 1
    length, body = data[at], data[at + 1 :]
    assert len(body) <= 140
    header_bytes = body[0] + 1 if first & 0x40 else 0
    element = body[1:header_bytes]
    concat = None
    if header_bytes:
        concat = Concatenation(int.from_bytes(element[2:-2], "big"), element[-2], element[-1], wide=element[0] == 8)
    if dcs == 8:
        assert length == len(body)
        return number, Alphabet.UCS2, body[header_bytes:], concat, validity
    bits = "".join(f"{byte:08b}"[::-1] for byte in body)
    septets = bytes(int(bits[7 * i : 7 * i + 7][::-1], 2) for i in range(length))
    return number, Alphabet.GSM7, septets[-(-header_bytes * 8 // 7) :], concat, validity


def test_the_textbook_submit_is_byte_for_byte_right() -> None:
    """The often printed example: hellohello to +46708251358 with four days of validity."""
    encoded = pdu.encode_submit(
        Submit(
            to=Address("46708251358", INTERNATIONAL),
            segment=split("hellohello")[0],
            validity=timedelta(days=4),
            wants_report=False,
        )
    )
    assert encoded.hex == "0011000B916407281553F80000AA0AE8329BFD4697D9EC37"
    assert encoded.length == 23


def test_the_textbook_deliver_is_read() -> None:
    """From the same source: hellohello from +27838890001."""
    read = pdu.decode("07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37")
    assert isinstance(read, Deliver)
    assert (read.sender.value, read.text) == ("27838890001", "hellohello")
    assert read.sent_at == datetime(2099, 3, 29, 15, 16, 59, tzinfo=UTC) - timedelta(hours=2)


def test_a_status_report_is_read() -> None:
    read = pdu.decode("0006D60B911326880736F4111011719551401110117195714000")
    assert isinstance(read, StatusReport)
    assert (read.reference, read.recipient.value, read.status) == (0xD6, "31628870634", 0)
    assert read.submitted_at == datetime(2011, 1, 11, 17, 59, 15, tzinfo=UTC) - timedelta(hours=1)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=700),
    st.from_regex(r"\+?[1-9][0-9]{2,14}", fullmatch=True),
    st.booleans(),
    st.integers(0, 65535),
)
def test_another_reader_sees_what_was_sent(text: str, to: str, wide: bool, reference: int) -> None:
    payload, alphabet = b"", Alphabet.GSM7
    segments = split(text, wide_reference=wide)
    for segment in segments:
        submit = Submit(to=address_of(to), segment=segment, concat_reference=reference, wide_reference=wide)
        encoded = pdu.encode_submit(submit)
        number, alphabet, part, concat, validity = read_submit(encoded.hex)
        assert (number, validity, encoded.length) == (to.removeprefix("+"), None, len(encoded.hex) // 2 - 1)
        payload += part
        if segment.total > 1:
            kept = reference if wide else reference & 0xFF
            assert concat == Concatenation(kept, segment.total, segment.number, wide)
    assert text_of(alphabet, payload) == text


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        got = pdu.decode_tpdu(data)
    except PduError:
        return
    if isinstance(got, Deliver):
        got.text.encode("utf-8")
        peer_of(got.sender)


@given(st.binary(min_size=1, max_size=60), st.sampled_from([0x00, 0x02, 0x04, 0x40, 0x44, 0x46]))
def test_no_almost_right_bytes_break_the_reader(tail: bytes, first: int) -> None:
    for sender in ("0D91683108108300F0", "0BD0C8329BFD6681", "0081"):
        with suppress(PduError):
            pdu.decode_tpdu(bytes([first]) + bytes.fromhex(sender) + tail)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(PduError):
        pdu.decode(text)


@pytest.mark.parametrize(
    ("sender", "peer"),
    [
        ("0D91683108108300F0", "+8613800138000"),  # international
        ("0BA13108108300F0", "+8613800138000"),  # national, a mobile number
        ("0B813108108300F0", "+8613800138000"),  # unknown type, a mobile number
        ("05810180F6", "10086"),
        ("0C81019693214365", "106939123456"),
        ("0691019693", "106939"),  # called international by its operator: still no '+'
        ("09D0C8329BFD06", "Hello"),
    ],
)
def test_a_sender_stays_who_they_are(sender: str, peer: str) -> None:
    read = pdu.decode(deliver(sender=sender, data="00"))
    assert isinstance(read, Deliver)
    assert peer_of(read.sender) == peer


def test_only_subscribers_can_be_answered() -> None:
    assert [msisdn_of_peer(peer) for peer in ("10086", "Hospital", "+8613800138000", "")] == [
        None,
        None,
        "+8613800138000",
        None,
    ]


def test_names_cannot_be_written_to() -> None:
    with pytest.raises(AddressError):
        address_of("Hospital")


@pytest.mark.parametrize(
    ("dcs", "alphabet"),
    [
        (0x00, Alphabet.GSM7),
        (0x04, Alphabet.DATA),
        (0x08, Alphabet.UCS2),
        (0x0C, Alphabet.GSM7),
        (0x11, Alphabet.GSM7),
        (0x18, Alphabet.UCS2),
        (0x48, Alphabet.UCS2),
        (0xC8, Alphabet.GSM7),
        (0xD0, Alphabet.GSM7),
        (0xE0, Alphabet.UCS2),
        (0xF0, Alphabet.GSM7),
        (0xF4, Alphabet.DATA),
        (0xF5, Alphabet.DATA),
        (0x85, Alphabet.GSM7),
    ],
)
def test_every_coding_group_is_known(dcs: int, alphabet: Alphabet) -> None:
    assert pdu.alphabet_of_dcs(dcs) is alphabet


def test_compressed_text_is_an_error() -> None:
    with pytest.raises(PduError):
        pdu.decode(deliver(dcs=0x20, data="0141"))


@pytest.mark.parametrize(
    ("stamp", "hours"),
    [("62112122700023", 8), ("6211212270000A", -5), ("62112122700022", 5.5), ("62112122700000", 0)],
)
def test_the_clock_of_the_network_has_quarter_hours(stamp: str, hours: float) -> None:
    read = pdu.decode(deliver(stamp=stamp, data="00"))
    assert isinstance(read, Deliver)
    assert read.sent_at is not None
    assert read.sent_at.utcoffset() == timedelta(hours=hours)
    assert read.sent_at.replace(tzinfo=None) == datetime(2026, 11, 12, 22, 7, 0)  # noqa: DTZ001


def test_a_stamp_that_is_no_time_does_not_lose_the_message() -> None:
    read = pdu.decode(deliver(stamp="FFFFFFFFFFFFFF", dcs=8, data="0498847EA6"))
    assert isinstance(read, Deliver)
    assert (read.sent_at, read.text) == (None, "预约")


@pytest.mark.parametrize(("data", "text"), [("e9a284e7baa6", "预约"), ("48e9", "Hé"), ("", ""), ("410042", "AB")])
def test_eight_bit_data_is_read_as_well_as_it_can_be(data: str, text: str) -> None:
    read = pdu.decode(deliver(dcs=4, data=f"{len(data) // 2:02X}{data}"))
    assert isinstance(read, Deliver)
    assert read.text == text


def test_a_part_with_a_header_starts_on_a_septet() -> None:
    body = gsm7.pack(b"Hi", fill_bits=1)
    read = pdu.decode(deliver(first=0x44, data="09" + "050003AA0201" + body.hex()))
    assert isinstance(read, Deliver)
    assert (read.text, read.concatenation) == ("Hi", Concatenation(0xAA, 2, 1))


def test_other_header_elements_are_passed_over() -> None:
    header = "0B" + "0504C0000000" + "0804BEEF0302"
    header = f"{len(bytes.fromhex(header)) - 1:02X}" + header[2:]
    data = header + "0041"
    read = pdu.decode(deliver(first=0x44, dcs=8, data=f"{len(data) // 2:02X}{data}"))
    assert isinstance(read, Deliver)
    assert (read.text, read.concatenation) == ("A", Concatenation(0xBEEF, 3, 2, wide=True))


def test_a_header_that_counts_nonsense_is_no_long_message() -> None:
    read = pdu.decode(deliver(first=0x44, dcs=8, data="08" + "050003AA0209" + "0041"))
    assert isinstance(read, Deliver)
    assert read.concatenation is None


@pytest.mark.parametrize(
    ("validity", "octet"),
    [
        (timedelta(0), 0),
        (timedelta(minutes=5), 0),
        (timedelta(minutes=6), 1),
        (timedelta(hours=12), 143),
        (timedelta(hours=12, minutes=1), 144),
        (timedelta(hours=24), 167),
        (timedelta(days=2), 168),
        (timedelta(days=30), 196),
        (timedelta(days=31), 197),
        (timedelta(weeks=63), 255),
        (timedelta(weeks=90), 255),
    ],
)
def test_validity_is_rounded_up(validity: timedelta, octet: int) -> None:
    assert pdu.relative_validity(validity) == octet
