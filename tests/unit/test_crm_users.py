"""Rights, lockout, passwords and desks, as rules."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import argon2
import pytest

from crm_core.kernel.actor import Role
from crm_core.kernel.errors import InvalidInputError
from crm_core.users import passwords, rules
from crm_core.users.errors import NoDeskLeftError, WeakPasswordError
from crm_core.users.rights import RIGHTS, Right, allows

pytestmark = pytest.mark.unit

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def test_every_role_has_an_entry_and_the_administrator_every_right() -> None:
    assert set(RIGHTS) == set(Role)
    assert RIGHTS[Role.ADMIN] == set(Right)


@pytest.mark.parametrize(
    ("right", "roles"),
    [
        (Right.SEE_PATIENTS, {"admin", "supervisor", "agent", "nurse", "api"}),
        (Right.EXPORT_PATIENTS, {"admin", "supervisor"}),
        (Right.HEAR_RECORDINGS, {"admin", "supervisor", "api"}),
        (Right.TAKE_CALLS, {"admin", "supervisor", "agent", "nurse"}),
        (Right.SEND_MARKETING, {"admin", "supervisor", "marketer", "api"}),
        (Right.SUPERVISE, {"admin", "supervisor"}),
        (Right.SEE_AUDIT, {"admin", "auditor"}),
        (Right.MANAGE_USERS, {"admin"}),
    ],
)
def test_who_may_do_what_is_dangerous(right: Right, roles: set[str]) -> None:
    assert {str(role) for role in Role if allows(role, right)} == roles


def test_the_fifth_wrong_password_closes_the_account_and_each_further_one_again() -> None:
    assert [rules.locked_until(failures, NOON) for failures in (1, 4, 5, 6)] == [
        None,
        None,
        NOON + timedelta(minutes=15),
        NOON + timedelta(minutes=15),
    ]


@pytest.mark.parametrize("password", ["short", "x" * 201, "agent1-is-here", "AGENT1-is-here"])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(WeakPasswordError):
        rules.ensure_strong(password, login="agent1")


@pytest.mark.parametrize("login", ["", "a", "张三", "with space", "-x", "x" * 41])
def test_a_login_is_something_everybody_can_type(login: str) -> None:
    with pytest.raises(InvalidInputError):
        rules.checked_login(login)
    assert rules.checked_login(" Agent.One ") == "agent.one"


def test_desks_are_handed_out_from_the_front_until_none_is_left() -> None:
    assert rules.next_desk([]) == "desk-01"
    assert rules.next_desk(["desk-01", "desk-03"]) == "desk-02"
    with pytest.raises(NoDeskLeftError):
        rules.next_desk(rules.DESKS)


def test_outside_the_tests_a_guess_costs_memory_and_time() -> None:
    code = "import asyncio; from crm_core.users import passwords; print(asyncio.run(passwords.hashed('x')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    made = argon2.extract_parameters(done.stdout.strip())
    assert made.type is argon2.Type.ID
    assert made.memory_cost >= 19 * 1024  # KiB; what OWASP asks for at least
    assert made.time_cost >= 2


def test_generated_passwords_and_tokens_differ_and_are_strong() -> None:
    made = {passwords.generated_password() for _ in range(100)}
    assert len(made) == 100
    for password in made:
        rules.ensure_strong(password, login="admin")
    assert len({passwords.new_token() for _ in range(100)}) == 100
    assert len(passwords.new_token()) == 43
