"""Run by itself, before a service: enters a private mount namespace if it must, gives up root, becomes the service.

Standard library only; one argument of JSON (see `Order`), then the command. The paths a service needs may lie beneath a
folder that is closed to its user (/root, a home of mode 0700). Then, in a mount namespace of this process alone, that
folder is covered by an empty one in which just the needed paths are bound: they keep their names, nothing on the
machine changes, and everything is gone with the process.
"""

import ctypes
import functools
import json
import os
import signal
import sys
from pathlib import Path
from typing import NamedTuple

CLONE_NEWNS = 0x0002_0000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 0x4_0000
PR_SET_PDEATHSIG = 1
CANNOT_START = 126


class Order(NamedTuple):
    """What to do before the command. `uid` None: stay who we are."""

    uid: int | None
    gid: int | None
    reach: list[str]
    parent: int
    death_signal: int


def _check(result: int, what: str) -> None:
    if result:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
    return libc


def closed_ancestor(path: Path, uid: int, gid: int) -> Path | None:
    """The topmost folder above `path` that this user may not pass through; None when all are open."""
    for folder in reversed(path.parents):
        if not folder.exists():
            return None
        status = folder.stat()
        bit = 0o100 if status.st_uid == uid else 0o010 if status.st_gid == gid else 0o001
        if not status.st_mode & bit:
            return folder
    return None


def uncover(paths: list[Path], uid: int, gid: int) -> None:
    """Make `paths` reachable in a mount namespace of this process alone. Raises OSError where the kernel forbids it."""
    libc = _libc()
    _check(libc.unshare(CLONE_NEWNS), "unshare")
    _check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "make mounts private")
    handles = {
        path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in sorted(paths, key=lambda path: len(path.parts))
    }
    for path, handle in handles.items():
        closed = closed_ancestor(path, uid, gid)
        if closed is None and path.exists():
            continue
        if closed is not None:
            flags = MS_NOSUID | MS_NODEV
            _check(libc.mount(b"tmpfs", os.fsencode(closed), b"tmpfs", flags, b"mode=0755,size=1m"), f"cover {closed}")
        path.mkdir(parents=True, exist_ok=True)
        source = f"/proc/self/fd/{handle}".encode()
        _check(libc.mount(source, os.fsencode(path), None, MS_BIND | MS_REC, None), f"bind {path}")


@functools.cache
def may_uncover() -> bool:
    """Tried in a child, which ends with its namespace."""
    child = os.fork()
    if child == 0:
        try:
            uncover([], 0, 0)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def give_up_root(uid: int, gid: int) -> None:
    """For good: real, effective and saved."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def die_with_parent(parent: int, death_signal: int) -> None:
    """After giving up root, which would forget it. Ends at once when the parent is already gone."""
    _check(_libc().prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Become the command; on failure one line on stderr and exit code 126."""
    order = Order(**json.loads(sys.argv[1]))
    command = sys.argv[2:]
    paths = [Path(path) for path in order.reach]
    try:
        if order.uid is not None and order.gid is not None:
            if any(closed_ancestor(path, order.uid, order.gid) for path in paths):
                uncover(paths, order.uid, order.gid)
            give_up_root(order.uid, order.gid)
        die_with_parent(order.parent, order.death_signal)
        os.chdir("/")
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"hcrm: {command[0]} cannot be started: {error}\n")
        raise SystemExit(CANNOT_START) from None


if __name__ == "__main__":
    main()
