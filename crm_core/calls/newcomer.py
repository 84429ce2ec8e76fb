"""Who calls for the first time is registered in the call: the call, and what they asked in it, are theirs then."""

from dataclasses import replace

from crm_core.calls import own, service
from crm_core.drafts import service as drafts
from crm_core.drafts.model import Form, Subject
from crm_core.kernel.actor import Actor
from crm_core.kernel.db import Database
from crm_core.kernel.ids import CallId
from crm_core.patients import form
from crm_core.patients.form import OnFile, Saved
from crm_core.patients.model import NewPatient

TYPED = ("name", "sex", "birth_date", "age", "card_no")


async def register(
    db: Database, actor: Actor, call_id: CallId, new: NewPatient, *, anyway: bool = False
) -> Saved | OnFile:
    """With the number that calls and the language that is spoken.

    Nothing is written when somebody of this name has the number already, unless `anyway`. Raises what
    `form.register` raises, CallNotFoundError, NotYourCallError.
    """
    async with db.transaction(actor) as tx:
        call = (await own.ensure(tx.conn, actor, call_id)).call
        phones = (call.caller,) if call.caller else ()
        done = await form.register_in(tx, replace(new, phones=phones, language=call.language), anyway=anyway)
        if isinstance(done, Saved):
            await service.set_patient_in(tx, call_id, done.patient.id)
            await drafts.saved_in(tx, Subject(form=Form.CALL, call_id=call_id), TYPED)
        return done
