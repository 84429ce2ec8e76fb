"""Our own TLS: what cannot be used is said, what is renewed is taken while others talk."""

import asyncio
import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from server import tls
from telephony.provision.errors import ProvisionError
from tests.certificates import write_certificate
from tests.eventually import eventually

pytestmark = pytest.mark.unit


def test_without_a_certificate_there_is_no_tls() -> None:
    assert tls.context(None, None) is None


def test_files_that_do_not_fit_are_named_before_anybody_connects(tmp_path: Path) -> None:
    first = write_certificate(tmp_path, "one.test")
    other = tmp_path / "other"
    other.mkdir()
    second = write_certificate(other, "two.test")
    with pytest.raises(ProvisionError, match="cannot be used"):
        tls.context(first.cert, second.key)
    with pytest.raises(ProvisionError, match="cannot be used"):
        tls.context(first.cert, tmp_path / "nothing.pem")


async def test_a_renewed_certificate_is_taken_without_a_restart_and_a_broken_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tls, "LOOK_EVERY_S", 0.01)
    files = write_certificate(tmp_path, "hotline.test", valid=timedelta(days=1))
    context = tls.context(files.cert, files.key)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)

    async def shown() -> str:
        return await asyncio.to_thread(ssl.get_server_certificate, server.sockets[0].getsockname()[:2])

    async with server, asyncio.TaskGroup() as group:
        keeping = group.create_task(tls.keep_fresh(context, files.cert, files.key))
        old = await shown()
        key = files.key.read_bytes()
        files.key.write_text("half of a file")
        await eventually(lambda: "the old one stays" in caplog.text)
        assert await shown() == old
        files.key.write_bytes(key)
        renewed = write_certificate(tmp_path, "hotline.test").cert.read_text()

        async def is_renewed() -> bool:
            return await shown() == renewed

        await eventually(is_renewed)
        keeping.cancel()
