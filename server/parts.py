"""The processes that are not ours to import: the demo's carrier and GSM network, and our own commands as children."""

import dataclasses
import sys
from collections.abc import Mapping

from server.config import CHECKOUT, Config
from server.hotline import USER
from server.launch import Program, own, require_reach, service_user
from telephony.provision import asterisk


def environment(config: Config) -> Mapping[str, str]:
    """What our own Python children need beside what we have."""
    return {
        "PYTHONPATH": str(CHECKOUT),
        "HCRM_HOME": str(config.places.home),
        "HCRM_CACHE": str(config.places.cache),
        "HCRM_TIMEZONE": config.hospital.timezone.key,
        "HCRM_DEMO": "yes" if config.demo.enabled else "no",
        "HCRM_DEMO_HISTORY": "yes" if config.demo.history else "no",
        "HCRM_HOSPITAL_NAME": config.hospital.name,
        "HCRM_HOSPITAL_NAME_EN": config.hospital.name_en,
    }


def command(config: Config, name: str) -> Program:
    """`hcrm NAME` with this configuration."""
    return _python(config, name, "server", name)


def gsm(config: Config) -> Program:
    """The simulated GSM network and its modem."""
    places = config.places
    storage = places.home / "gsm"
    storage.mkdir(exist_ok=True)
    storage.chmod(0o700)  # the simulated telephones' texts
    paths = ("--link", str(places.modem), "--control", str(places.gsm_control), "--storage", str(storage))
    return _python(config, "gsm", "demo.gsm", *paths)


def seed(config: Config, owner_url: str) -> Program:
    """Fill an empty database with the demo hospital; one that has patients only gets new schedules.

    As the owner: no other role may tell the audit of earlier times (docs/decisions/0064-a-hospital-with-a-past.md).
    """
    program = _python(config, "seed", "demo.seed")
    return dataclasses.replace(program, env={**program.env, "HCRM_DATABASE_URL": owner_url})


def speak(config: Config) -> Program:
    """Speaks and seals the recordings of the calls that the seed has told of."""
    return _python(config, "speak", "server", "demo", "speak")


def carrier_plan(config: Config) -> Program:
    """Writes the simulated carrier's configuration and voices."""
    first, last = config.demo.carrier_rtp
    places = ("--folder", str(config.places.carrier), "--cache", str(config.places.cache))
    ports = ("--sip-port", str(config.demo.carrier_port), "--rtp-ports", str(first), str(last))
    return _python(config, "carrier-plan", "demo.carrier", *places, *ports)


def carrier(config: Config) -> Program:
    """The simulated carrier, once its plan has run."""
    tree = asterisk.find(config.places.cache)
    folder = config.places.carrier
    user = service_user(USER)
    own(folder, user, mode=0o700)
    program = Program(
        name="carrier",
        argv=tree.foreground(folder / "conf" / "asterisk.conf"),
        env={**tree.env, "HOME": str(folder), "LANG": "C.UTF-8"},
        user=user,
        reach=(*tree.folders, folder),
    )
    require_reach(program)
    return program


def _python(config: Config, name: str, module: str, *words: str) -> Program:
    return Program(name=name, argv=(sys.executable, "-m", module, *words), env=environment(config), inherit=True)
