"""What set-up writes and reads: configuration of Asterisk, secrets, locks of libraries, roots of Debian's packages."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from server import secret_store
from server.secret_store import SecretsError
from telephony.provision import debian, prompts, render, roots, tools
from telephony.provision.errors import NotAssembledError, ProvisionError
from telephony.provision.render import Layout

pytestmark = pytest.mark.unit

CHECKOUT = Path(__file__).parents[2]
ADDRESS = re.compile(r"(https?://|index-url|find-links|resolved)")


def layout(folder: Path) -> Layout:
    data = folder / "package"
    (data / "documentation").mkdir(parents=True)
    return Layout(
        folder=folder / "asterisk",
        monitor=folder / "monitor",
        modules=folder / "modules",
        data=data,
        sip_port=1,
        http_port=2,
        ami_port=3,
        fastagi_port=4,
        rtp_ports=(5, 6),
        ami_secret="ami-s3cret",
        hospital_number="4000",
        carrier=("127.0.0.1", 7),
        desks={"desk-01": "one-s3cret", "desk-02": "two-s3cret"},
    )


def test_no_name_is_left_open_in_asterisks_configuration(tmp_path: Path) -> None:
    etc = render.render(layout(tmp_path)).parent
    written = {path.name: path.read_text() for path in etc.glob("*.conf")}
    assert [name for name, text in written.items() if render.PLACEHOLDER.search(text)] == []
    assert "one-s3cret" in written["pjsip.desks.conf"]
    assert "two-s3cret" in written["pjsip.desks.conf"]
    assert written["pjsip.handsets.conf"] == ""
    assert all(path.stat().st_mode & 0o007 == 0 for path in etc.glob("*.conf"))


def test_configuration_is_written_again_only_where_it_differs(tmp_path: Path) -> None:
    plan = layout(tmp_path)
    etc = render.render(plan).parent
    (etc / "left-by-an-older-release.conf").write_text("x")
    before = {path.name: path.stat().st_ino for path in etc.glob("*.conf")}
    (etc / "rtp.conf").write_text("spoilt")
    render.render(plan)
    after = {path.name: path.stat().st_ino for path in etc.glob("*.conf")}
    assert {name for name in before if before[name] != after.get(name)} == {"rtp.conf", "left-by-an-older-release.conf"}


def test_a_name_nobody_fills_and_a_line_break_in_a_value_are_refused() -> None:
    with pytest.raises(ProvisionError, match="@NOBODY@"):
        render.fill("x = @NOBODY@", {}, "a.conf")
    with pytest.raises(ProvisionError):
        render.fill("x = @A@", {"A": "1\nexec = all"}, "a.conf")


def test_a_folder_too_deep_for_a_socket_is_refused_with_advice(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)
    with pytest.raises(ProvisionError) as caught:
        render.render(layout(deep))
    assert "HCRM_HOME" in caught.value.mend


def test_prompts_are_spoken_once_and_again_when_their_text_changes(tmp_path: Path) -> None:
    texts = tmp_path / "prompts.json"
    texts.write_text(json.dumps({"hcrm/hello": {"zh_CN": "您好", "en": "Hello"}}))
    speak = prompts.espeak(tools.tool("espeak-ng"))
    folder, music = tmp_path / "sounds", tmp_path / "music"
    assert prompts.speak_all(folder, music, speak=speak, prompts=texts) == 2
    assert prompts.speak_all(folder, music, speak=speak, prompts=texts) == 0
    texts.write_text(json.dumps({"hcrm/hello": {"zh_CN": "您好啊", "en": "Hello"}}))
    assert prompts.speak_all(folder, music, speak=speak, prompts=texts) == 1
    assert (folder / "zh_CN/hcrm/hello.wav").stat().st_size > 4000


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "home" / "secrets.json"
    first = secret_store.load_or_make(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret_store.load_or_make(path) == first
    assert len(first.recordings_key) == 32
    words = [first.ami, first.postgres, *first.desks.values(), *first.handsets.values()]
    assert len(set(words)) == len(words)
    assert not any(word in repr(first) for word in words)


def test_an_older_file_of_secrets_keeps_its_own_and_gets_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = secret_store.load_or_make(path)
    values = json.loads(path.read_text())
    del values["factor_key"]
    path.write_text(json.dumps(values))
    second = secret_store.load_or_make(path)
    assert (second.ami, second.recordings_key) == (first.ami, first.recordings_key)
    assert second.factor_key != first.factor_key


def test_damaged_or_open_secrets_are_never_replaced_by_new_ones(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    secret_store.load_or_make(path)
    path.chmod(0o644)
    with pytest.raises(SecretsError, match="chmod 600"):
        secret_store.load_or_make(path)
    path.chmod(0o600)
    path.write_text('{"ami": "half a fi')
    with pytest.raises(SecretsError, match="backup"):
        secret_store.load_or_make(path)


def test_the_locks_name_every_library_with_hashes_and_no_address() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = {"run": project["dependencies"], "test": project["dependencies"] + project["optional-dependencies"]["dev"]}
    for name, requirements in wanted.items():
        lock = (CHECKOUT / "requirements" / f"{name}.txt").read_text()
        locked = {re.split(r"[=\[]", line)[0] for line in lock.splitlines() if not line.startswith(" ")}
        missing = {re.split(r"[\[<>=~! ;]", one)[0].lower().replace("_", "-") for one in requirements} - locked
        assert missing == set(), f"make lock: requirements/{name}.txt"
        entries = re.split(r"\n(?=[a-z0-9])", lock.strip())
        assert all("--hash=sha256:" in entry for entry in entries)
        assert not ADDRESS.search(lock)


def test_the_lock_of_the_front_end_names_hashes_and_no_address() -> None:
    lock = json.loads((CHECKOUT / "package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert all(one.get("integrity") for one in packages.values())
    assert not any("resolved" in one for one in packages.values())


def test_a_root_counts_only_when_it_is_complete(tmp_path: Path) -> None:
    root = roots.place(roots.SPEECH, tmp_path)
    root.mkdir(parents=True)
    with pytest.raises(NotAssembledError) as caught:
        roots.assembled(roots.SPEECH, tmp_path)
    assert "make run" in caught.value.mend
    (root / roots.MANIFEST).write_text("{}")
    assert roots.assembled(roots.SPEECH, tmp_path) == root


def test_the_machines_own_mirror_is_used_and_its_own_suite() -> None:
    listed = """
        https://third.example/linux cloud main Packages
        http://s.example/debian-security/ bookworm-security main Packages
        http://apt.example/vendor bookworm main Packages
        http://d.example/debian/ bookworm main Translations
        http://d.example/debian/ bookworm main Packages
    """
    assert debian.choose_mirror(listed, "bookworm") == debian.Mirror("http://d.example/debian/", "bookworm")
    assert debian.choose_mirror(listed, "trixie") is None


def test_unpacked_programs_open_to_all_and_give_nobody_rights(tmp_path: Path) -> None:
    folder = tmp_path / "root" / "private"
    folder.mkdir(parents=True, mode=0o700)
    program = folder / "sudo"
    program.write_text("")
    program.chmod(0o4750)
    debian.unpack([], tmp_path / "root")
    assert folder.stat().st_mode & 0o7777 == 0o755
    assert program.stat().st_mode & 0o7777 == 0o755


def test_two_set_ups_wait_for_one_another(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from telephony.provision.roots import locked; say = lambda line: print(line, flush=True)"
    )
    code += "\nwith locked(pathlib.Path(sys.argv[1]), say): print('mine', flush=True)"
    with roots.locked(tmp_path / "lock"):
        second = subprocess.Popen(
            [sys.executable, "-c", code, tmp_path / "lock"], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
        )
        assert second.stdout
        assert f"process {os.getpid()}" in second.stdout.readline()
        assert second.poll() is None
    assert second.communicate(timeout=60)[0] == "mine\n"
