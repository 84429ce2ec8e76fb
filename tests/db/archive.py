"""An archive of recordings on disk and in PostgreSQL, and calls that leave audio in it."""

import os
import wave
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from crm_core.calls import service as calls
from crm_core.calls.model import Call
from crm_core.kernel.actor import Actor, ActorKind, Role
from crm_core.kernel.db import Database
from crm_core.kernel.event import Event
from crm_core.kernel.ids import Linkedid, Msisdn, Uniqueid
from recordings import keeping, service
from recordings.model import Absence, Recording
from recordings.monitor import Monitor
from recordings.vault import Vault

RATE = 8000
CALLER = Msisdn("+8613800138000")
SUPERVISOR = Actor(ActorKind.USER, "sun", Role.SUPERVISOR)
AGENT = Actor(ActorKind.USER, "li", Role.AGENT)


@dataclass
class Archive:
    db: Database
    vault: Vault
    monitor: Monitor
    happened: list[Event] = field(default_factory=list)
    number: int = 0

    async def ended_call(self, caller: Msisdn | None = CALLER, *, answered: bool = True, desk: str = "") -> Call:
        self.number += 1
        linkedid = Linkedid(f"1772424000.{self.number}")
        await calls.start(
            self.db, linkedid=linkedid, uniqueid=Uniqueid(linkedid), direction="in", caller=caller, did="4000"
        )
        if answered:
            await calls.answered(self.db, linkedid)
        if desk:
            await calls.connected(self.db, linkedid, desk)
        ended = await calls.ended(self.db, linkedid, "normal clearing")
        assert ended
        return ended

    def write(self, call: Call, suffix: str, seconds: float = 1.0, level: int = 8000, *, age_s: float = 60) -> Path:
        path = self.monitor.folder / f"{call.uniqueid}{suffix}"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(np.full(int(RATE * seconds), level, dtype="<i2").tobytes())
        self.age(path, age_s)
        return path

    def age(self, path: Path, age_s: float) -> None:
        then = self.db.clock().timestamp() - age_s
        os.utime(path, (then, then))

    def plain_files(self) -> list[str]:
        return sorted(path.name for path in self.monitor.folder.iterdir())

    def sealed_files(self) -> list[str]:
        return self.vault.recent_paths()

    async def store(self, call: Call) -> None:
        await keeping.store_call(self.db, self.vault, self.monitor, call.id)

    async def of_call(self, call: Call) -> tuple[list[Recording], Absence | None]:
        return await service.of_call(self.db, SUPERVISOR, call.id)

    async def stored_call(self, caller: Msisdn | None = CALLER, *, desk: str = "") -> Recording:
        call = await self.ended_call(caller, desk=desk)
        self.write(call, "-rx.wav", 3.0)
        self.write(call, "-tx.wav", 2.0, level=-4000)
        await self.store(call)
        return (await self.of_call(call))[0][0]

    async def hear(
        self, recording: Recording, start: int = 0, end: int | None = None, actor: Actor = SUPERVISOR
    ) -> bytes:
        audio = await service.audio(self.db, self.vault, actor, recording.id, start=start, end=end)
        return b"".join([chunk async for chunk in audio.chunks()])

    async def audited(self, action: str = "play recording") -> list[tuple[str, str]]:
        async with self.db.connection() as conn:
            rows = await conn.fetch("SELECT actor, outcome FROM audit WHERE action = $1 ORDER BY id", action)
        return [(row["actor"], row["outcome"]) for row in rows]
