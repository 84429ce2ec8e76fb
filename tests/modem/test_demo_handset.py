"""The demo's telephone on its page: both sides of a conversation, also of one from before the network was there."""

from pathlib import Path

import pytest

from crm_core.kernel.actor import SMS_SENDER
from crm_core.kernel.db import open_database
from crm_core.kernel.ids import Msisdn
from demo.fortnight import texting
from demo.fortnight.texting import Text
from server.web_ports import Handset
from tests.modem.gsm_process import running_network

pytestmark = pytest.mark.modem

ZHANG = Msisdn("+8613800138000")


async def test_what_the_hospital_wrote_before_the_demo_began_is_on_the_telephone(
    database_url: str, tmp_path: Path
) -> None:
    async with open_database(database_url) as db, running_network(tmp_path) as network:
        told = (
            Text(peer=ZHANG, text="预约", patient_id=None),
            Text(peer=ZHANG, text="请选择科室", patient_id=None, is_ours=True, by="sms", state="delivered"),
            Text(peer=ZHANG, text="没有送到", patient_id=None, is_ours=True, by="sms", state="failed"),
        )
        for text in told:
            async with db.transaction(SMS_SENDER) as tx:
                await texting.write(text, tx)
        handset = Handset(db=db, network=network.phones, host="127.0.0.1", passwords={})
        assert [(one.mine, one.text) for one in await handset.thread(ZHANG)] == [(True, "预约"), (False, "请选择科室")]
