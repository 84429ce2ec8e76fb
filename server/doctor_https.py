"""Whether desks on other machines can work: https, certificate, and where telephones have their sound."""

import ssl
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.client import HTTPException
from ipaddress import ip_address
from urllib.error import URLError
from urllib.parse import urlsplit

from cryptography import x509

from server import tls
from server.checks import Check
from server.config import Config
from telephony.provision.errors import ProvisionError

PAGE = "docs/https.md says how."
RENEW_DAYS = 14
TIMEOUT_S = 5.0


def examine(config: Config, now: datetime) -> Iterator[Check]:
    """Nothing to say of a hospital on one machine."""
    yield _pages(config)
    if config.web.tls_cert:
        yield _certificate(config, now)
    if config.public_url != config.own_url:
        yield _reach(config)
    if _is_elsewhere(config):
        yield _sound(config)


def _pages(config: Config) -> Check:
    if config.public_url.startswith("https:"):
        return Check("https", True, config.public_url)
    if _is_here(config.ports.listen):
        return Check("https", True, "pages are for this machine only")
    found = "pages travel readable, and browsers on other machines get no microphone"
    return Check("https", False, found, f"Set HCRM_PUBLIC_URL=https://HOST. {PAGE}")


def _certificate(config: Config, now: datetime) -> Check:
    try:
        tls.context(config.web.tls_cert, config.web.tls_key)
    except ProvisionError as error:
        return Check("certificate", False, str(error), error.mend)
    assert config.web.tls_cert
    found = x509.load_pem_x509_certificate(config.web.tls_cert.read_bytes())
    ends = found.not_valid_after_utc
    if ends < now + timedelta(days=RENEW_DAYS):
        return Check("certificate", False, f"ends on {ends:%Y-%m-%d}", "Renew it; it is taken without a restart.")
    host = urlsplit(config.public_url).hostname or ""
    if host not in _names(found):
        mend = f"Get one that names {host}, or correct HCRM_PUBLIC_URL."
        return Check("certificate", False, f"is for {', '.join(sorted(_names(found)))}", mend)
    return Check("certificate", True, f"for {host} until {ends:%Y-%m-%d}")


def _names(found: x509.Certificate) -> set[str]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return set(names.get_values_for_type(x509.DNSName)) | set(map(str, names.get_values_for_type(x509.IPAddress)))


def _reach(config: Config) -> Check:
    """As a browser on this machine would come. Not needed: the hospital may be stopped now."""
    url = f"{config.public_url}/api/v1/status"
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S):
            return Check("public address", True, f"{config.public_url} answers", needed=False)
    except (OSError, HTTPException) as error:
        why = error.reason if isinstance(error, URLError) else error
        mend = f"Is hcrm running, does the name lead here, does the proxy point to {config.own_url}? {PAGE}"
        if isinstance(why, ssl.SSLCertVerificationError):
            mend = f"Browsers will refuse it too ({why.verify_message}): use a certificate they trust. {PAGE}"
        return Check("public address", False, f"{config.public_url}: {type(why).__name__}", mend, needed=False)


def _sound(config: Config) -> Check:
    if not _is_here(config.ports.sip_listen):
        return Check("sound of telephones", True, f"at {config.ports.sip_listen}")
    mend = "Set HCRM_SIP_LISTEN to this machine's address in the hospital's network."
    return Check("sound of telephones", False, "browsers on other machines would hear nothing", mend)


def _is_elsewhere(config: Config) -> bool:
    return not _is_here(urlsplit(config.public_url).hostname or "")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
