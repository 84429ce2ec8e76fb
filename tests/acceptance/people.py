"""Which of the seeded patients a test may use; no two tests use the same one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.acceptance.api import Api

ZHANG = "13800138000"
ENGLISH = "19900000005"  # 单丽华, addressed in Chinese until she presses 9
STRANGER = "13999999999"
LI_CARD, LI_BORN, LI = "10000002", "19620815", "19900000002"
NAMED = {f"+86199000000{number:02d}" for number in range(1, 9)} | {"+8613800138000"}


@dataclass(frozen=True, slots=True)
class Anyone:
    """A patient alone at a telephone, expected nowhere."""

    id: int
    phone: str


async def free_patients(api: Api) -> list[Anyone]:
    """Alone at their telephone, spoken to in Chinese, expected nowhere; the demo's famous ones are left out."""
    everybody = await api.items("/patients", limit=200)
    busy = {one["patient_id"] for one in await open_appointments(api)}
    count: dict[str, int] = {}
    for one in everybody:
        for phone in one["phones"]:
            count[phone] = count.get(phone, 0) + 1
    return [Anyone(one["id"], one["phones"][0]) for one in everybody if _is_free(one, count, busy)]


def _is_free(one: dict[str, Any], count: dict[str, int], busy: set[int]) -> bool:
    phones = one["phones"]
    return (
        len(phones) == 1
        and count[phones[0]] == 1
        and phones[0] not in NAMED
        and one["language"] == "zh_CN"
        and one["id"] not in busy
    )


async def open_appointments(api: Api) -> list[dict[str, Any]]:
    """Booked or confirmed, everybody's."""
    return [
        one for state in ("booked", "confirmed") for one in await api.items("/appointments", status=state, limit=200)
    ]


def with_last_digit(patients: Iterable[Anyone], digit: str) -> list[Anyone]:
    """The carrier answers by the number's last digit."""
    return [one for one in patients if one.phone.endswith(digit)]


async def free_slots(api: Api, **query: object) -> list[dict[str, Any]]:
    """What can still be booked, earliest first."""
    found: list[dict[str, Any]] = (await api.get("/slots", free="true", limit=200, **query))["items"]
    return sorted(found, key=lambda slot: datetime.fromisoformat(slot["start"]))
