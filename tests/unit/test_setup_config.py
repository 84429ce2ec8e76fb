"""Settings: defaults, hcrm.toml, environment."""

from datetime import time
from pathlib import Path

import pytest

from server import config, settings
from server.config import ConfigError, build
from server.shown import show, unknown_variables

pytestmark = pytest.mark.unit


def test_the_environment_wins_over_the_file_and_the_file_over_the_default() -> None:
    found = build(
        [("hcrm.toml", {"HCRM_HTTP_PORT": "8081", "HCRM_SIP_PORT": "5061"}), ("env", {"HCRM_SIP_PORT": "5062"})]
    )
    assert (found.ports.http, found.ports.sip, found.ports.ami) == (8081, 5062, 5038)
    assert found.sources == {"HCRM_HTTP_PORT": "hcrm.toml", "HCRM_SIP_PORT": "env"}


def test_one_offset_moves_every_port_so_that_two_hospitals_fit_on_one_machine() -> None:
    here, beside = build([]), build([("env", {"HCRM_PORT_OFFSET": "1000"})])
    ports_here, ports_beside = config.ports_in_use(here), config.ports_in_use(beside)
    assert ports_beside == {name: (first + 1000, last + 1000) for name, (first, last) in ports_here.items()}
    taken = [range(first, last + 1) for ports in (ports_here, ports_beside) for first, last in ports.values()]
    assert len({port for ports in taken for port in ports}) == sum(map(len, taken))


def test_every_mistake_is_named_at_once_with_what_is_expected() -> None:
    wrong = {
        "HCRM_HTTP_PORT": "eighty",
        "HCRM_RTP_PORTS": "20999-20000",
        "HCRM_TIMEZONE": "Asia/Peking",
        "HCRM_CARRIER": "example.net",
        "HCRM_DATABASE_URL": "mysql://x/y",
        "HCRM_LOCALE": "de",
        "HCRM_RING_S": "10",
        "HCRM_REMINDER_LINES": "none",
        "HCRM_REMIND_FROM": "morning",
        "HCRM_RECORDING_DAYS": "0",
    }
    with pytest.raises(ConfigError) as caught:
        build([("environment", wrong)])
    lines = str(caught.value).splitlines()
    assert len(lines) == len(wrong)
    assert all(any(name in line for line in lines) for name in wrong)


def test_a_hospital_decides_when_it_reminds_and_how_long_it_keeps_recordings() -> None:
    usual = build([])
    assert (usual.reminders.plan_from, usual.reminders.lines, usual.recordings.call_days) == (time(10), 4, 1095)
    wanted = {"HCRM_REMIND_FROM": "09:30", "HCRM_RING_S": "45", "HCRM_VOICEMAIL_DAYS": "30"}
    found = build([("env", wanted)])
    assert (found.reminders.plan_from, found.reminders.ring_s, found.recordings.voicemail_days) == (time(9, 30), 45, 30)
    assert build([("env", {"HCRM_REMIND_FROM": "never"})]).reminders.plan_from is None


def test_two_settings_that_want_one_port_are_refused_before_anything_starts() -> None:
    with pytest.raises(ConfigError, match=r"HCRM_AMI_PORT.*HCRM_HTTP_PORT|HCRM_HTTP_PORT.*HCRM_AMI_PORT"):
        build([("env", {"HCRM_HTTP_PORT": "5038"})])
    with pytest.raises(ConfigError, match="past port 65535"):
        build([("env", {"HCRM_PORT_OFFSET": "40000"})])


def test_the_demo_brings_a_carrier_and_a_modem_unless_real_ones_are_named() -> None:
    bare = build([("env", {"HCRM_DEMO": "no"})])
    demo = build([("env", {"HCRM_DEMO": "yes", "HCRM_HOME": "/srv/h"})])
    real = build([("env", {"HCRM_DEMO": "yes", "HCRM_MODEMS": "/dev/a, /dev/b", "HCRM_CARRIER": "sip:10.1.2.3:5080"})])
    assert (bare.carrier, bare.modem_devices) == (None, ())
    assert (demo.carrier, demo.modem_devices) == (("127.0.0.1", 5065), ("/srv/h/modem0",))
    assert (real.carrier, real.modem_devices) == (("10.1.2.3", 5080), ("/dev/a", "/dev/b"))


def test_the_file_takes_the_names_of_the_environment_without_prefix(tmp_path: Path) -> None:
    file = tmp_path / "hcrm.toml"
    file.write_text('http_port = 9000\nMODEMS = ["/dev/x", "/dev/y"]\nlog_personal = true\n')
    found = config.load({}, file)
    assert (found.ports.http, found.modems.devices, found.logs.show_personal) == (9000, ("/dev/x", "/dev/y"), True)
    file.write_text("htpp_port = 9000\n")
    with pytest.raises(ConfigError, match="HCRM_HTPP_PORT"):
        config.load({}, file)


def test_a_setting_left_empty_is_not_set() -> None:
    assert config.load({"HCRM_HTTP_PORT": "", "HCRM_MODEMS": " "}, Path("/nowhere/hcrm.toml")).ports.http == 8080


def test_check_config_explains_every_setting_and_hides_what_is_secret() -> None:
    shown = show(build([("env", {"HCRM_DATABASE_URL": "postgresql://me:hush@db/hcrm"})]))
    assert all(line.help.endswith(".") and len(line.help) > 10 for line in shown)
    assert {line.name for line in shown} == set(config.known_names())
    [url] = [line for line in shown if line.name == "HCRM_DATABASE_URL"]
    assert (url.value, url.source) == ("postgresql://me:***@db/hcrm", "env")
    assert "hush" not in str(shown)


def test_a_misspelt_variable_is_noticed() -> None:
    assert unknown_variables({"HCRM_HTP_PORT": "1", "HCRM_HTTP_PORT": "1", "PATH": "/"}) == ["HCRM_HTP_PORT"]


@pytest.mark.parametrize("url", ["postgresql://h/d", "postgres://u:p@h:1/d"])
def test_a_database_is_named_by_a_url(url: str) -> None:
    assert settings.postgres_url(f" {url} ") == url


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://Hotline.Example.org/", "https://hotline.example.org"),
        ("https://hotline.example.org:443", "https://hotline.example.org"),
        ("https://10.0.0.5:8443", "https://10.0.0.5:8443"),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
    ],
)
def test_the_public_address_is_kept_as_browsers_write_an_origin(written: str, origin: str) -> None:
    assert build([("env", {"HCRM_PUBLIC_URL": written})]).public_url == origin


@pytest.mark.parametrize("written", ["hotline.example.org", "ftp://x", "https://", "https://x/path", "https://u@x"])
def test_what_is_no_origin_is_refused(written: str) -> None:
    with pytest.raises(ConfigError, match="HCRM_PUBLIC_URL"):
        build([("env", {"HCRM_PUBLIC_URL": written})])


def test_a_certificate_without_its_key_is_refused_and_with_it_we_speak_https() -> None:
    with pytest.raises(ConfigError, match="HCRM_TLS_KEY"):
        build([("env", {"HCRM_TLS_CERT": "/c.pem"})])
    both = {"HCRM_TLS_CERT": "/c.pem", "HCRM_TLS_KEY": "/k.pem"}
    assert build([("env", both)]).public_url == "https://127.0.0.1:8080"
    with pytest.raises(ConfigError, match="https://"):
        build([("env", {**both, "HCRM_PUBLIC_URL": "http://hotline.example.org"})])


def test_proxies_are_addresses_or_networks() -> None:
    found = build([("env", {"HCRM_TRUSTED_PROXIES": "10.0.0.5, 192.168.1.0/24"})])
    assert found.web.trusted_proxies == ("10.0.0.5/32", "192.168.1.0/24")
    with pytest.raises(ConfigError, match="HCRM_TRUSTED_PROXIES"):
        build([("env", {"HCRM_TRUSTED_PROXIES": "proxy.example.org"})])
