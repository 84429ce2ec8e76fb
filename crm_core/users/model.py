"""Accounts, browsers that are logged in, and programs' keys."""

import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crm_core.kernel.actor import Actor, ActorKind, Role
from crm_core.kernel.ids import SessionId, TokenId, UserId

SESSION_LASTS = timedelta(hours=12)  # from logging in, whatever happens
SESSION_IDLE = timedelta(hours=2)  # without anything a person did
HALF_LASTS = timedelta(minutes=5)  # between the password and the code
ONE_TIME_LASTS = timedelta(days=7)  # a password that somebody else made


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
    one_time_until: datetime | None  # None: the password is their own
    has_second_factor: bool

    @property
    def actor(self) -> Actor:
        """For services and the audit."""
        return Actor(ActorKind.USER, self.login, self.role, self.id)

    @property
    def version(self) -> int:
        """Of what the form changes: another name or role is another version."""
        return zlib.crc32(f"{self.name}\0{self.role}".encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What a browser shows of itself at the door."""

    address: str = ""
    browser: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A live browser session. `csrf_token` must come back with every form."""

    session_id: SessionId
    user_id: UserId
    login: str
    name: str
    role: Role
    locale: str
    desk: str | None
    csrf_token: str = field(repr=False)
    expires_at: datetime
    must_change_password: bool
    has_second_factor: bool

    @property
    def actor(self) -> Actor:
        """For services and the audit."""
        return Actor(ActorKind.USER, self.login, self.role, self.user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser that is logged in, as its owner and the administrator see it."""

    id: SessionId
    address: str
    browser: str
    created_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What a right password opens: the token for the cookie, and whether a code must follow before it is good."""

    token: str = field(repr=False)
    needs_code: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What decides whether a password opens the door."""

    user_id: UserId
    login: str
    name: str
    role: Role
    password_hash: str = field(repr=False)
    is_active: bool
    one_time_until: datetime | None
    has_second_factor: bool

    @property
    def actor(self) -> Actor:
        """For the audit."""
        return Actor(ActorKind.USER, self.login, self.role, self.user_id)

    def may_enter(self, now: datetime) -> bool:
        """A closed account may not, nor one whose first password was not used in time."""
        return self.is_active and (self.one_time_until is None or now < self.one_time_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A program's key; the key itself is shown once and never stored. `scopes` None: all rights of the role."""

    id: TokenId
    name: str
    role: Role
    scopes: frozenset[str] | None
    created_at: datetime
    created_by: str
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    def opens(self, now: datetime) -> bool:
        """Neither taken back nor over."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """How often nobody in particular was turned away from this address in this minute."""

    minute: datetime
    address: str
    reason: str
    count: int
