"""The API against its own document: thousands of requests, right and wrong, made by schemathesis.

Some seconds of it here, the same at each run. For longer: `FUZZ_S=300 make test ARGS=tests/web/test_api_fuzz.py`.
"""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from crm_core.kernel.actor import SYSTEM
from crm_core.users import throttle, tokens
from crm_core.users.throttle import Limit
from tests.web.api_client import client
from tests.web.house import House

pytestmark = [pytest.mark.web, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
SECONDS = os.environ.get("FUZZ_S", "25")
AS_FAST_AS_IT_CAN = Limit(1_000_000, timedelta(seconds=1))
HOOKS = {"SCHEMATHESIS_HOOKS": "tests.web.fuzz_hooks", "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


async def fill(house: House) -> None:
    """One of each, so that requests find something."""
    await house.user("agent1", "agent", desk=True)
    patient = await house.patient()
    slots = await house.sessions(capacity=9)
    await house.call("1.1")
    async with client(house) as api:
        for slot in slots[:2]:
            await api.post("/appointments", {"patient_id": patient.id, "slot_id": slot})
        await api.post("/sms", {"to": patient.phones[0], "text": "您好", "purpose": "care"})


async def test_the_api_does_what_its_document_says(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "KNOWN", AS_FAST_AS_IT_CAN)
    monkeypatch.setattr(throttle, "STRANGER", AS_FAST_AS_IT_CAN)
    await fill(house)
    token = await tokens.create(house.db, SYSTEM, "fuzz", "api")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{house.base}/api/v1/openapi.json"),
        *("--header", f"Authorization: Bearer {token}", "--seed", "1", "--max-time", SECONDS, "--workers", "1"),
        *("--phases", "coverage,fuzzing", "--continue-on-failure", "--suppress-health-check", "all"),
        *("--exclude-checks", "missing_required_header"),  # it means the token, which --header adds; ignored_auth asks
        cwd=tmp_path,
        env=os.environ | HOOKS,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _nothing = await process.communicate()
    assert process.returncode == 0, said.decode()
