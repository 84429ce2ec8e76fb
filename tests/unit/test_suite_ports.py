"""Two runs on one machine never share a port."""

import socket
import subprocess
import sys
from contextlib import ExitStack
from itertools import pairwise

import pytest

from tests import ports

pytestmark = pytest.mark.unit

HOLD = "import sys; from tests import ports\nwith ports.row() as first: print(first, flush=True); sys.stdin.read()"


def test_no_two_rows_overlap_neither_here_nor_in_another_process() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        theirs = int(other.stdout.readline())
        with ExitStack() as stack:
            ours = [stack.enter_context(ports.row()) for _ in range(8)]
        other.communicate()
    starts = sorted([theirs, *ours])
    assert all(later - earlier >= ports.LENGTH for earlier, later in pairwise(starts))


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_row_in_which_somebody_listens_is_passed_over(kind: socket.SocketKind) -> None:
    with ports.row() as first, socket.socket(socket.AF_INET, kind) as stranger:
        stranger.bind(("127.0.0.1", first + ports.LENGTH - 1))
        if kind == socket.SOCK_STREAM:
            stranger.listen()
        assert not ports.are_free(first, ports.LENGTH)
        assert ports.are_free(first, ports.LENGTH - 1)
