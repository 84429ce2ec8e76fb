"""What is typed into a form, kept while it is typed."""

from functools import partial

from aiohttp import web

from crm_core.drafts import rules, service
from crm_core.drafts.model import Draft, Form, Subject
from crm_core.kernel.ids import CallId, ConsultationId, PatientId, ThreadId
from web import forms, i18n, places
from web.access import Route
from web.deps import DEPS
from web.i18n import _
from web.security import CSRF_FIELD, actor_of


def subject_of(request: web.Request, form: Form) -> Subject:
    """What the form is about, by its address. Raises InvalidInputError, NotFoundError."""
    thread, patient, consultation = (
        forms.optional_number(request.query, name) for name in ("thread", "patient", "consultation")
    )
    call = request.query.get("call")
    return Subject(
        form=form,
        call_id=CallId(forms.uuid_of(call)) if call else None,
        thread_id=ThreadId(thread) if thread else None,
        patient_id=PatientId(patient) if patient else None,
        consultation_id=ConsultationId(consultation) if consultation else None,
    )


async def mine(request: web.Request, subject: Subject) -> Draft:
    """For a page that draws the form. Raises ForbiddenError."""
    return await service.mine(request.app[DEPS].db, actor_of(request), subject)


async def keep(form: Form, request: web.Request) -> web.StreamResponse:
    """What is being typed, while it is typed; the answer says since when it is kept."""
    typed = {name: text for name, text in (await forms.posted(request)).items() if name != CSRF_FIELD}
    deps, subject = request.app[DEPS], subject_of(request, form)
    at = await service.keep(deps.db, actor_of(request), subject, typed)
    said = _("Draft kept {at}", at=i18n.say_time(at, deps.settings.timezone))
    return web.json_response({"said": said}, headers={"Cache-Control": "no-store"})


async def show(form: Form, request: web.Request) -> web.StreamResponse:
    """The same, for a page that was made before the last words arrived."""
    draft = await mine(request, subject_of(request, form))
    return web.json_response(dict(draft.fields), headers={"Cache-Control": "no-store"})


async def discard(form: Form, request: web.Request) -> web.StreamResponse:
    """These fields go back to what they were."""
    names = forms.text(await forms.posted(request), "names").split()
    await service.discard(request.app[DEPS].db, actor_of(request), subject_of(request, form), names)
    return web.Response(status=204)


ROUTES = tuple(
    Route(method, f"{places.DRAFTS}{form}{end}", partial(handler, form), rules.RIGHT[form])
    for form in Form
    for method, end, handler in (("GET", "", show), ("POST", "", keep), ("POST", "/discard", discard))
)
