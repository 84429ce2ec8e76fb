"""What is repaired after a lost link, and who is in the queue's ring."""

import pytest

from crm_core.calls.model import Agent, AgentState, CallState
from crm_core.kernel.ids import Linkedid, Uniqueid, UserId
from telephony.ami_events import Channel
from telephony.queue_members import Add, Pause, Remove, changes, wanted_members
from telephony.reconcile import Adopt, Answered, Connected, Living, Lost, OpenCall, Queued, Repair, reconcile

pytestmark = pytest.mark.unit


def leg(name: str, uniqueid: str, linkedid: str = "", state: int = 6) -> Channel:
    return Channel(name=name, uniqueid=Uniqueid(uniqueid), linkedid=Linkedid(linkedid or uniqueid), state=state)


def ours(uniqueid: str, state: CallState) -> OpenCall:
    return OpenCall(Linkedid(uniqueid), Uniqueid(uniqueid), state)


PATIENT = leg("PJSIP/carrier-00000001", "1.1")
HANDSET = leg("PJSIP/handset-01-0000000a", "5.1", state=4)
DESK = leg("PJSIP/desk-01-00000002", "1.2", "1.1")


@pytest.mark.parametrize(
    ("calls", "channels", "repairs"),
    [
        ([], [], []),
        ([ours("1.1", CallState.IVR)], [], [Lost(Linkedid("1.1"))]),
        ([ours("1.1", CallState.IVR)], [Living(PATIENT, "AGI")], []),
        ([ours("1.1", CallState.RINGING)], [Living(PATIENT, "AGI")], [Answered(Linkedid("1.1"))]),
        (
            [ours("1.1", CallState.IVR)],
            [Living(PATIENT, "Queue", "operators,,,,300")],
            [Queued(Linkedid("1.1"), "operators")],
        ),
        ([ours("1.1", CallState.QUEUED)], [Living(PATIENT, "Queue", "operators,,,,300")], []),
        (
            [ours("1.1", CallState.QUEUED)],
            [Living(PATIENT, "Queue", "operators", "b1"), Living(DESK, "AppQueue", "", "b1")],
            [Connected(Linkedid("1.1"), "desk-01")],
        ),
        (
            [ours("1.1", CallState.TALKING)],
            [Living(PATIENT, "Queue", "operators", "b1"), Living(DESK, "AppQueue", "", "b1")],
            [],
        ),
        ([], [Living(PATIENT, "AGI")], [Adopt(PATIENT), Answered(Linkedid("1.1"))]),
        ([], [Living(HANDSET)], [Adopt(HANDSET)]),
        # legs somebody here asked for are not calls of patients
        ([], [Living(leg("PJSIP/carrier-00000001", "hcrm-1"))], []),
        ([], [Living(leg("PJSIP/carrier-00000001", "7.2", "7.1"))], []),
        ([], [Living(leg("PJSIP/desk-01-00000002", "9.1"))], []),
    ],
)  # fmt: skip
def test_after_a_lost_link_what_was_missed_is_made_good(
    calls: list[OpenCall], channels: list[Living], repairs: list[Repair]
) -> None:
    assert reconcile(calls, channels) == repairs


def test_a_restarted_asterisk_has_none_of_our_calls() -> None:
    calls = [ours(f"1.{n}", CallState.TALKING) for n in range(3)]
    assert reconcile(calls, [Living(leg("PJSIP/carrier-00000000", "2.0"), "AGI")])[:3] == [
        Lost(Linkedid(f"1.{n}")) for n in range(3)
    ]


def agent(desk: str | None, state: AgentState) -> Agent:
    return Agent(
        user_id=UserId(1),
        login="a",
        name="a",
        desk=desk,
        has_line=True,
        state=state,
        reason="",
        call_id=None,
        since=None,
        after_call=AgentState.AVAILABLE,
    )


def test_the_queue_rings_who_is_available_and_knows_who_will_be_soon() -> None:
    agents = [
        agent("desk-01", AgentState.AVAILABLE),
        agent("desk-02", AgentState.ON_CALL),
        agent("desk-03", AgentState.WRAP_UP),
        agent("desk-04", AgentState.BREAK),
        agent("desk-05", AgentState.OFFLINE),
        agent(None, AgentState.AVAILABLE),
        agent("reception", AgentState.AVAILABLE),
    ]
    assert wanted_members(agents) == {
        "PJSIP/desk-01": False,
        "PJSIP/desk-02": False,
        "PJSIP/desk-03": True,
        "PJSIP/desk-04": True,
    }


def test_the_queue_is_changed_only_where_it_differs() -> None:
    wanted = {"PJSIP/desk-01": False, "PJSIP/desk-02": True, "PJSIP/desk-03": False}
    actual = {"PJSIP/desk-02": False, "PJSIP/desk-03": False, "PJSIP/desk-09": False}
    assert changes(wanted, actual) == [
        Add("PJSIP/desk-01", False),
        Pause("PJSIP/desk-02", True),
        Remove("PJSIP/desk-09"),
    ]
    assert changes(wanted, wanted) == []
