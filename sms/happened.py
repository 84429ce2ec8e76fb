"""What others are told about a text: ids and states, never the words or the number."""

from crm_core.events import SmsStateChanged
from sms.model import Sms, SmsState


def state_changed(sms: Sms, state: SmsState) -> SmsStateChanged:
    """To open pages and whoever reacts."""
    return SmsStateChanged(sms_id=sms.id, thread_id=sms.thread_id, patient_id=sms.patient_id, state=state.value)
