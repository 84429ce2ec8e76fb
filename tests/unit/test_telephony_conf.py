"""asterisk_conf/ and telephony/names.py say the same, and the dialplan leaves nobody in silence."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.kernel.msisdn import InvalidMsisdnError, dialled, national, parse_msisdn
from telephony import names

pytestmark = pytest.mark.unit

CONF = Path(__file__).parents[2] / "asterisk_conf"
EXTENSIONS = (CONF / "extensions.conf").read_text("utf-8")


def lines(name: str) -> Iterator[str]:
    """Without comments and empty lines."""
    for line in (CONF / name).read_text("utf-8").splitlines():
        bare = re.sub(r"(^|\s);.*", "", line).strip()
        if bare:
            yield bare


def sections(name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines(name):
        if line.startswith("["):
            current = found.setdefault(line[1:].partition("]")[0], [])
        else:
            current.append(line)
    return found


def test_every_context_of_the_code_is_in_the_dialplan() -> None:
    assert set(names.CONTEXTS) <= set(sections("extensions.conf"))


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("138 0013 8000", "13800138000"),
        ("+8619912345678", "19912345678"),
        ("020 8888 6666", "02088886666"),
        ("+86 10 6555 1234", "01065551234"),
        ("0755 8888 6666", "075588886666"),
        ("12345", ""),
        ("95588", ""),
        ("4008001234", ""),
        ("12000000000", ""),
        ("+14155552671", ""),
    ],
)
def test_what_a_click_may_dial_is_what_the_dialplan_takes(typed: str, digits: str) -> None:
    to = parse_msisdn(typed)
    patterns = re.findall(r"exten => _(\S+?),1,", "\n".join(sections("extensions.conf")["outside"]))
    taken = [
        re.escape(one).replace("X", r"\d").replace(r"\[", "[").replace(r"\-", "-").replace(r"\]", "]")
        for one in patterns
    ]
    assert any(re.fullmatch(one, digits or national(to)) for one in taken) is bool(digits)
    if digits:
        assert dialled(to) == digits
    else:
        with pytest.raises(InvalidMsisdnError):
            dialled(to)


def test_every_variable_of_the_code_is_in_the_dialplan_and_no_other() -> None:
    used = set(re.findall(r"\bHCRM_[A-Z_]+", EXTENSIONS))
    own = {
        "HCRM_FASTAGI",
        "HCRM_WAIT_S",
        "HCRM_LANGUAGE",
        "HCRM_PEER",
        "HCRM_RESCUED",
    }  # the dialplan's own business
    assert used - own == set(names.VARIABLES)


def test_routes_queues_endpoints_and_events_are_spelt_alike() -> None:
    assert set(re.findall(r"HCRM_FASTAGI\}/(\w+)", EXTENSIONS)) == {names.AGI_HOTLINE, names.AGI_REMINDER}
    assert set(re.findall(r"Queue\((\w+)", EXTENSIONS)) == set(names.QUEUES)
    assert set(names.QUEUES) <= set(sections("queues.conf"))
    assert names.MUSIC_CLASS in sections("musiconhold.conf")
    assert f"musicclass = {names.MUSIC_CLASS}" in list(lines("queues.conf"))
    assert names.ENDPOINT_CARRIER in sections("pjsip.conf")
    assert set(re.findall(r"UserEvent\((\w+)", EXTENSIONS)) == {names.EVENT_ANSWERED}
    assert set(re.findall(r'HCRM_NEXT\}" = "(\w+)"', EXTENSIONS)) == set(names.NEXTS)
    for suffix in (names.SUFFIX_RX, names.SUFFIX_TX, names.SUFFIX_VOICEMAIL):
        assert f"${{UNIQUEID}}{suffix}" in EXTENSIONS


def test_every_sound_of_the_dialplan_and_the_queue_can_be_spoken() -> None:
    spoken = json.loads((CONF / "prompts.json").read_text("utf-8"))
    played = set(re.findall(r"Playback\(([^)]+)\)", EXTENSIONS))
    played |= set(re.findall(r"= (hcrm/[\w-]+)", (CONF / "queues.conf").read_text("utf-8")))
    assert played <= set(spoken)
    assert all(set(texts) == {"zh_CN", "en"} and all(texts.values()) for texts in spoken.values())


def test_after_every_agi_the_dialplan_decides_itself() -> None:
    for steps in sections("extensions.conf").values():
        for step, following in zip(steps, [*steps[1:], ""], strict=True):
            if "AGI(" in step:
                assert following.endswith("Goto(after-agi,s,1)")


def test_every_extension_ends_in_hangup_goto_or_return() -> None:
    for context, steps in sections("extensions.conf").items():
        if context in ("general", "globals"):
            continue
        for step, following in zip(steps, [*steps[1:], "exten"], strict=True):
            if following.startswith(("exten", "include")) and not step.startswith("include"):
                assert re.search(r"(Hangup\(.*\)|Goto\(.*\)|Return\(.*\))$", step), (context, step)


def test_what_comes_from_outside_is_filtered_before_it_is_used() -> None:
    dialplan = sections("extensions.conf")
    assert dialplan["digits"][-1].endswith("Return(${FILTER(0-9+,${HCRM_PEER}):0:20})")
    for context in ("hotline", "patient-dialled"):
        filtered = next(n for n, step in enumerate(dialplan[context]) if step.endswith("Gosub(digits,s,1)"))
        assert dialplan[context][filtered + 1].endswith("Set(CALLERID(num)=${GOSUB_RETVAL})")
        assert dialplan[context][filtered + 2].endswith("Set(CALLERID(name)=)")
    said_by_others = re.compile(r"\$\{(CALLERID|REDIRECTING|CONNECTEDLINE)\(")
    assert [line for line in lines("extensions.conf") if said_by_others.search(line)] == []


def test_no_endpoint_lets_headers_become_its_caller_id() -> None:
    """Manager events carry it as it comes, line breaks and all (test_forged_events.py)."""
    templates = {name: options for name, options in sections("pjsip.conf").items() if "type = endpoint" in options}
    assert set(templates) == {"carrier", "telephone"}
    assert all(any(option.startswith("callerid = ") for option in options) for options in templates.values())
    said = {line for path in CONF.glob("pjsip*.conf") for line in lines(path.name)}
    assert not [line for line in said if line.startswith("trust_id_inbound") and not line.endswith("= no")]
    assert {line for line in said if line.startswith("redirect_method")} == {
        "redirect_method = uri_pjsip",  # with outbound_proxy: to the carrier only
        "redirect_method = uri_core",  # with option `i`: not at all
    }
    dials = [line for line in lines("extensions.conf") if re.search(r"(Dial\(PJSIP.*EXTEN\}\)\},|Queue\()", line)]
    assert len(dials) == 4
    assert all(re.search(r",[a-z]*i[a-z]*(,,,.*)?\)", line) for line in dials)


def test_only_the_carriers_address_is_the_trunk() -> None:
    assert [line for line in lines("pjsip.conf") if line.startswith("match")] == ["match = @CARRIER_HOST@"]


def test_nothing_in_asterisk_can_run_a_program() -> None:
    loaded = {line.partition("=")[2].strip().removesuffix(".so") for line in lines("modules.conf") if "load =" in line}
    dangerous = {"app_system", "func_shell", "app_externalivr", "pbx_spool", "func_curl", "app_exec", "func_env"}
    assert not loaded & (dangerous | {"chan_sip", "chan_iax2", "app_voicemail", "pbx_lua", "func_realtime"})
    assert "autoload = no" in list(lines("modules.conf"))
    granted = {
        word
        for line in sections("manager.conf")["hcrm"]
        if line.startswith(("read", "write ="))
        for word in line.partition("=")[2].replace(",", " ").split()
    }
    assert not granted & {"system", "command", "all", "config", "dialplan"}


def test_nothing_listens_beyond_this_machine_unless_told() -> None:
    binds = [line for path in CONF.glob("*.conf") for line in lines(path.name) if re.match(r"bind(addr)? ?=", line)]
    assert len(binds) == 4
    assert all("127.0.0.1" in bind or "@LISTEN@" in bind for bind in binds)


def test_there_is_no_secret_in_the_files() -> None:
    for path in CONF.glob("*.conf"):
        for line in lines(path.name):
            if re.match(r"(secret|password) ?=", line):
                assert re.fullmatch(r"(secret|password) = @\w+_SECRET@", line), (path.name, line)
