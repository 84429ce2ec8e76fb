"""A call's state as JSON and back, without loss."""

from typing import Annotated

from pydantic import Field, TypeAdapter

from ivr.flow import Effect, Input, Session

_SESSION = TypeAdapter(Session)
_EFFECT: TypeAdapter[Effect] = TypeAdapter(Annotated[Effect, Field(discriminator="kind")])
_INPUT: TypeAdapter[Input] = TypeAdapter(Annotated[Input, Field(discriminator="kind")])


def session_to_json(session: Session) -> bytes:
    """Personal data included: for tests and for handing a call to another process, never for logs."""
    return _SESSION.dump_json(session)


def session_from_json(text: bytes) -> Session:
    """Raises ValueError for what is not a session."""
    return _SESSION.validate_json(text)


def effect_to_json(effect: Effect) -> bytes:
    """One effect; `kind` says which."""
    return _EFFECT.dump_json(effect)


def effect_from_json(text: bytes) -> Effect:
    """Raises ValueError for what is not an effect."""
    return _EFFECT.validate_json(text)


def input_to_json(said: Input) -> bytes:
    """One input; `kind` says which."""
    return _INPUT.dump_json(said)


def input_from_json(text: bytes) -> Input:
    """Raises ValueError for what is not an input."""
    return _INPUT.validate_json(text)
