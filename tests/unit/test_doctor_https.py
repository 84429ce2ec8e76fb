"""`hcrm doctor` says whether desks on other machines can work, and what to do when they cannot."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from server import doctor_https, tls
from server.checks import Check
from server.config import build
from tests.certificates import Certificate, write_certificate

pytestmark = pytest.mark.unit

NOW = datetime.now(UTC)
FAR = {"HCRM_LISTEN": "10.0.0.5", "HCRM_SIP_LISTEN": "10.0.0.5"}


def checks(**settings: str) -> dict[str, Check]:
    """By name."""
    config = build([("env", {f"HCRM_{name}": value for name, value in settings.items()})])
    return {check.name: check for check in doctor_https.examine(config, NOW)}


def test_a_hospital_on_one_machine_is_well() -> None:
    assert {name: check.ok for name, check in checks().items()} == {"https": True}


def test_pages_for_other_machines_without_https_get_no_microphone() -> None:
    found = checks(LISTEN="10.0.0.5")["https"]
    assert not found.ok
    assert "microphone" in found.found
    assert "HCRM_PUBLIC_URL" in found.mend


def test_a_softphone_that_would_hear_nothing_is_named() -> None:
    found = checks(PUBLIC_URL="https://hotline.invalid")
    assert "HCRM_SIP_LISTEN" in found["sound of telephones"].mend
    assert not found["public address"].ok
    assert not found["public address"].needed
    assert checks(PUBLIC_URL="https://hotline.invalid", SIP_LISTEN="10.0.0.5")["sound of telephones"].ok


def with_files(files: Certificate, host: str) -> Check:
    """What is said of this certificate."""
    return checks(
        TLS_CERT=str(files.cert), TLS_KEY=str(files.key), PUBLIC_URL=f"https://{host}", SIP_LISTEN="10.0.0.5"
    )["certificate"]


def test_a_certificate_that_ends_soon_or_names_another_host_is_said_in_time(tmp_path: Path) -> None:
    assert with_files(write_certificate(tmp_path, "hotline.invalid"), "hotline.invalid").ok
    assert with_files(write_certificate(tmp_path, "other.invalid"), "hotline.invalid").found == "is for other.invalid"
    late = with_files(write_certificate(tmp_path, "hotline.invalid", valid=timedelta(days=3)), "hotline.invalid")
    assert not late.ok
    assert "Renew" in late.mend
    (tmp_path / "key.pem").write_text("nothing")
    assert not with_files(Certificate(tmp_path / "cert.pem", tmp_path / "key.pem", ""), "hotline.invalid").ok


class _Status(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@contextmanager
def serving(files: Certificate) -> Iterator[int]:
    """The port of something that speaks https with this certificate."""
    server = HTTPServer(("127.0.0.1", 0), _Status)
    context = tls.context(files.cert, files.key)
    assert context
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_certificate_that_browsers_refuse_is_told_apart_from_a_server_that_is_away(tmp_path: Path) -> None:
    with serving(write_certificate(tmp_path, "localhost")) as port:
        found = checks(PUBLIC_URL=f"https://localhost:{port}")["public address"]
    assert "a certificate they trust" in found.mend
    away = checks(PUBLIC_URL=f"https://localhost:{port}")["public address"]
    assert "Is hcrm running" in away.mend
