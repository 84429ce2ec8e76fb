"""The hospital's own Asterisk: its configuration, its sounds, its user, its process."""

from server import launch
from server.config import Config
from server.launch import Program, ServiceUser
from server.secret_store import Secrets
from telephony.provision import asterisk, prompts, render, tools
from telephony.provision.asterisk import Asterisk
from telephony.provision.render import Layout

USER = "hcrm-asterisk"
WRITTEN_BY_ASTERISK = ("lib", "cache", "agi", "spool", "run", "log")
NOWHERE = ("127.0.0.1", 9)  # no carrier: outbound calls fail at once


def layout(config: Config, secrets: Secrets, tree: Asterisk) -> Layout:
    """What asterisk_conf/ is filled with for this home."""
    return Layout(
        folder=config.places.asterisk,
        monitor=config.places.monitor,
        modules=tree.modules,
        data=tree.data,
        listen=config.ports.sip_listen,
        sip_port=config.ports.sip,
        http_port=config.ports.asterisk_http,
        ami_port=config.ports.ami,
        fastagi_port=config.ports.fastagi,
        rtp_ports=config.ports.rtp,
        ami_secret=secrets.ami,
        hospital_number=config.hospital.number,
        carrier=config.carrier or NOWHERE,
        desks=secrets.desks,
        handsets=secrets.handsets if config.demo.enabled else {},
    )


def prepare(config: Config, secrets: Secrets) -> Program:
    """Write configuration and sounds and give each file to whom it belongs. Raises ProvisionError."""
    tree = asterisk.find(config.places.cache)
    plan = layout(config, secrets, tree)
    render.render(plan)
    speak = prompts.espeak(tools.tool("espeak-ng", config.places.cache))
    prompts.speak_all(plan.prompts, plan.music, speak=speak)
    config.places.prompts.mkdir(exist_ok=True)
    user = launch.service_user(USER)
    _give(config, plan, user)
    program = Program(
        name="asterisk",
        argv=tree.foreground(plan.config),
        env={**tree.env, "TZ": config.hospital.timezone.key, "HOME": str(plan.folder), "LANG": "C.UTF-8"},
        user=user,
        reach=(*tree.folders, plan.folder),
    )
    launch.require_reach(program)
    return program


def _give(config: Config, plan: Layout, user: ServiceUser | None) -> None:
    for name in WRITTEN_BY_ASTERISK:
        launch.own(plan.folder / name, user)
    launch.own(config.places.monitor, user)
    launch.own(plan.folder / "etc", user)
    plan.folder.chmod(0o755 if user else 0o700)
    for folder in (plan.folder / "data", plan.prompts, plan.music, config.places.prompts):
        folder.chmod(0o755)
