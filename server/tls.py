"""Our own TLS, where no proxy speaks it for us. A renewed certificate is taken without a restart."""

import asyncio
import logging
import ssl
from pathlib import Path

from telephony.provision.errors import ProvisionError

log = logging.getLogger("tls")

LOOK_EVERY_S = 60.0
MEND = "HCRM_TLS_CERT is the certificate with its chain, HCRM_TLS_KEY its private key, both PEM and without a password."


def context(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """None without a certificate. Raises ProvisionError for files that do not fit."""
    if cert is None or key is None:
        return None
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        trust.load_cert_chain(cert, key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ProvisionError(f"{cert} and {key} cannot be used ({type(error).__name__})", mend=MEND) from None
    return trust


def _no_password() -> str:
    raise ValueError("the key has a password")


async def keep_fresh(trust: ssl.SSLContext | None, cert: Path | None, key: Path | None) -> None:
    """For ever: new connections get the certificate that lies on disk now."""
    known = _times(cert, key)
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        now = _times(cert, key)
        if trust is not None and now != known and _reload(trust, cert, key):
            known = now


def _reload(trust: ssl.SSLContext, cert: Path | None, key: Path | None) -> bool:
    try:
        context(cert, key)  # half-written files do not reach the one in use
        trust.load_cert_chain(str(cert), str(key), password=_no_password)
    except (OSError, ValueError, ProvisionError):
        log.warning("the new certificate cannot be used; the old one stays")
        return False
    log.info("new certificate")
    return True


def _times(*files: Path | None) -> list[int]:
    return [file.stat().st_mtime_ns if file and file.exists() else 0 for file in files]
