"""Which right each purpose of a text needs: the only place that says so. Pure."""

from crm_core.kernel.actor import ANONYMOUS, Actor
from crm_core.users.rights import Right, may
from sms.model import Purpose

RIGHT_FOR: dict[Purpose, Right] = {
    Purpose.CARE: Right.SEND_CARE,
    Purpose.NOTICE: Right.SEND_CARE,  # needs no consent, so an advertisement must not pass as one
    Purpose.MARKETING: Right.SEND_MARKETING,
}


def may_send(actor: Actor, purpose: Purpose) -> bool:
    """Whoever has no role is our own machine or a patient's conversation; their words are ours."""
    if actor.role is None:
        return actor != ANONYMOUS
    return may(actor, RIGHT_FOR[purpose])


def open_to(actor: Actor) -> tuple[Purpose, ...]:
    """What this person can choose from."""
    return tuple(purpose for purpose in Purpose if may_send(actor, purpose))
