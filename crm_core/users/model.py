"""Accounts and what a browser session knows about the person in front of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm_core.kernel.actor import Actor, ActorKind, Role
from crm_core.kernel.ids import TokenId, UserId

SESSION_LASTS = timedelta(hours=12)  # from logging in, whatever happens
SESSION_IDLE = timedelta(hours=2)  # without any request


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account. `desk` is the telephone endpoint this person answers at, e.g. desk-01."""

    id: UserId
    login: str
    name: str
    role: Role
    locale: str
    desk: str | None
    is_active: bool
    locked_until: datetime | None

    @property
    def actor(self) -> Actor:
        """For services and the audit."""
        return Actor(ActorKind.USER, self.login, self.role, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A live browser session. `csrf_token` must come back with every form."""

    user_id: UserId
    login: str
    name: str
    role: Role
    locale: str
    desk: str | None
    csrf_token: str = field(repr=False)
    expires_at: datetime

    @property
    def actor(self) -> Actor:
        """For services and the audit."""
        return Actor(ActorKind.USER, self.login, self.role, self.user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What decides whether a password is tried at all."""

    user_id: UserId
    login: str
    role: Role
    password_hash: str = field(repr=False)
    is_active: bool
    locked_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A program's key; the key itself is shown once and never stored."""

    id: TokenId
    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
