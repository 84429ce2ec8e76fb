"""Rights, passwords, scopes and desks, as rules."""

import asyncio
import subprocess
import sys
import threading

import argon2
import pytest

from crm_core.kernel.actor import ANONYMOUS, SYSTEM, Actor, ActorKind, Role
from crm_core.kernel.errors import ForbiddenError, InvalidInputError
from crm_core.users import passwords, rules
from crm_core.users.errors import BusyError, NoDeskLeftError, WeakPasswordError
from crm_core.users.rights import RIGHTS, Right, allows, ensure, may
from web import words

pytestmark = pytest.mark.unit


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


def test_every_right_has_words() -> None:
    assert set(words.RIGHT) == set(Right)


def test_a_token_with_scopes_may_less_than_its_role_and_never_more() -> None:
    whole = Actor(ActorKind.TOKEN, "token:1", Role.API)
    narrow = Actor(ActorKind.TOKEN, "token:2", Role.API, scopes=frozenset({"book appointments", "manage users"}))
    assert (may(whole, Right.BOOK), may(whole, Right.SEE_PATIENTS)) == (True, True)
    assert (may(narrow, Right.BOOK), may(narrow, Right.SEE_PATIENTS), may(narrow, Right.MANAGE_USERS)) == (
        True,
        False,
        False,
    )


def test_scopes_are_rights_of_the_role() -> None:
    assert rules.checked_scopes(Role.API, None) is None
    assert rules.checked_scopes(Role.API, ["dial"]) == frozenset({"dial"})
    for wrong in ([], ["fly"], ["manage users"]):
        with pytest.raises(InvalidInputError):
            rules.checked_scopes(Role.API, wrong)


def test_services_let_the_house_itself_through_but_nobody_nameless() -> None:
    ensure(SYSTEM, Right.MANAGE_USERS)
    for actor in (ANONYMOUS, Actor(ActorKind.USER, "agent1", Role.AGENT), Actor(ActorKind.PATIENT, "ivr")):
        with pytest.raises(ForbiddenError):
            ensure(actor, Right.MANAGE_USERS)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 201,
        "agent1-is-here",
        "AGENT1-is-here",
        "password123456",
        "1qaz2wsx3edc",
        "woaini1314",
        "20261126112233",
        "仁和医院仁和医院仁和",
        "chen jing chen jing",
    ],
)
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(WeakPasswordError):
        rules.ensure_strong(password, login="agent1", about=("仁和医院", "Chen Jing"))


@pytest.mark.parametrize("password", ["moon tractor violet", "k3fd-9xmw-p7qs", "春江潮水连海平海上明月"])
def test_a_password_that_only_its_owner_would_think_of_is_taken(password: str) -> None:
    rules.ensure_strong(password, login="agent1", about=("仁和医院", "陈静"))


@pytest.mark.parametrize("login", ["", "a", "张三", "with space", "-x", "x" * 41])
def test_a_login_is_something_everybody_can_type(login: str) -> None:
    with pytest.raises(InvalidInputError):
        rules.checked_login(login)
    assert rules.checked_login(" Agent.One ") == "agent.one"


def test_desks_are_handed_out_from_the_front_until_none_is_left() -> None:
    assert rules.next_desk([]) == "desk-01"
    assert rules.next_desk(["desk-01", "desk-03"]) == "desk-02"
    assert rules.next_desk(["desk-01"], former="desk-09") == "desk-09"
    assert rules.next_desk(["desk-01", "desk-09"], former="desk-09") == "desk-02"
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


async def test_more_passwords_than_can_be_checked_soon_are_refused_at_once_and_later_taken_again() -> None:
    hashing, gate = passwords.Hashing(threads=1, longest_queue=3), threading.Event()
    waiting = [asyncio.ensure_future(hashing.run(gate.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(BusyError) as refused:
        await hashing.run(gate.wait)
    assert refused.value.wait_s > 0
    waiting[2].cancel()  # a browser that went away does not keep its place
    with pytest.raises(asyncio.CancelledError):
        await waiting[2]
    again = asyncio.ensure_future(hashing.run(gate.wait))
    gate.set()
    assert [await one for one in (waiting[0], waiting[1], again)] == [True] * 3
