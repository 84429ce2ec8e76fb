"""Envelopes and labels: whom they are for, on what, how they will look; what was printed; the file for the printer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from aiohttp import web

from crm_core.kernel.cursor import Page
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import PatientId
from crm_core.users.rights import Right
from letters import addresses as places
from letters import service
from letters.model import MOST, Addressee, LeftOut, Run, Sheet, Wish
from letters.papers import PAPERS, Envelope
from web import addresses, forms, lists, sheet
from web.deps import DEPS
from web.i18n import N_, _
from web.lists import Column, ListPage, Look
from web.pages import patients
from web.pages.patients import saved_at
from web.render import page
from web.security import actor_of
from web.sheet import Ask
from web.sheet import Sheet as Form
from web.values import Ticked

PAPER = {
    "dl": N_("Envelope DL, 220 × 110 mm (No. 5)"),
    "zl": N_("Envelope ZL, 230 × 120 mm (No. 6)"),
    "c5": N_("Envelope C5, 229 × 162 mm (No. 7)"),
    "a4_3x8": N_("Labels on A4, 3 × 8, 70 × 37 mm"),
    "a4_3x8_gaps": N_("Labels on A4, 3 × 8, 63.5 × 33.9 mm"),
    "a4_2x7": N_("Labels on A4, 2 × 7, 99.1 × 38.1 mm"),
}
WHY = {
    "gone": N_("no such record"),
    "no_street": N_("no street"),
    "no_postcode": N_("no postcode"),
    "bad_postcode": N_("the postcode is not six digits"),
    "other_province": N_("the postcode belongs to another province"),
    "no_glyph": N_("a character that cannot be printed"),
    "no_room": N_("too long for this paper"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """There are none."""


async def _read(look: Look[Filters]) -> Page[Run]:
    return await service.runs(look.db, look.actor, limit=look.limit, after=look.after)


LIST: ListPage[Run, Filters] = ListPage(
    path="/letters",
    title=N_("Envelopes"),
    right=Right.PRINT_LETTERS,
    subject="print_run",
    filters=Filters,
    read=_read,
    link=lambda run: f"/letters/{run.id}",
    beside="letters/_beside.html",
    icon="mail",
    empty=N_("No envelopes have been printed yet."),
    columns=(
        Column(heading=N_("When"), value=lambda run: run.at, css="num"),
        Column(heading=N_("Who"), value=lambda run: run.printed_by),
        Column(heading=N_("Paper"), value=lambda run: _(PAPER[run.template])),
        Column(heading=N_("Printed"), value=lambda run: run.printed, css="num"),
        Column(heading=N_("Left out"), value=lambda run: run.left_out, css="num"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """The form above the people."""

    template: Annotated[str, Ask(label=N_("Paper"), words=PAPER)] = "dl"
    frames: Annotated[
        Ticked, Ask(label=N_("Plain envelopes: print the red boxes too"), hint=N_("Bought ones have them already."))
    ] = False


Line = tuple[Addressee, str]  # somebody, and where they live


def _lines(people: Sequence[Addressee]) -> list[Line]:
    return [(one, places.place(one)) for one in people]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Whom it is for and how the first piece looks. `chosen` are all of the list, ticked or not."""

    form: Form[Paper]
    chosen: Sequence[PatientId]
    ticked: frozenset[PatientId]
    fit: Sequence[Line]
    left_out: Sequence[LeftOut]
    first: Sheet | None
    is_cut: bool = False
    why: Mapping[str, str] = field(default_factory=lambda: WHY)


async def new(request: web.Request) -> web.StreamResponse:
    """For one patient, or for all that a search has found."""
    chosen, is_cut = await _chosen(request)
    return await _form(request, "letters/new.html", sheet.shown(Paper), chosen, frozenset(chosen), is_cut=is_cut)


async def _chosen(request: web.Request) -> tuple[list[PatientId], bool]:
    """By their ids in the address, else by the search of the list of patients that stands in it."""
    if "people" in request.query:
        return _ids(request.query["people"].replace(",", "\n"), "people"), False
    place = addresses.read(request, patients.LIST)
    asked = sheet.read(patients.Filters, place.typed)
    if asked.value is None or place.problems or not any(place.typed.values()):
        return [], False
    found = await patients.LIST.read(lists.look(request, patients.LIST, asked.value, place, limit=MOST))
    return [one.id for one in found.items], found.next is not None


def _ids(text: str, name: str) -> list[PatientId]:
    return [PatientId(forms.number({name: one}, name)) for one in text.split()]


async def preview(request: web.Request) -> web.StreamResponse:
    """The same with other paper, or with other people ticked."""
    typed = await forms.posted(request)
    form, chosen, ticked = _posted(typed)
    return await _form(request, "letters/_preview.html", form, chosen, ticked)


def _posted(typed: Mapping[str, str]) -> tuple[Form[Paper], list[PatientId], frozenset[PatientId]]:
    chosen, ticked = _ids(typed.get("chosen", ""), "chosen"), _ids(typed.get("people", ""), "people")
    return sheet.read(Paper, typed), chosen, frozenset(ticked)


async def create(request: web.Request) -> web.StreamResponse:
    """A run is written down; its page has the file."""
    form, chosen, ticked = _posted(await forms.posted(request))
    wish = _wish(form, [one for one in chosen if one in ticked])
    deps = request.app[DEPS]
    try:
        run_id = await service.begin(deps.db, actor_of(request), deps.letters, wish)
    except service.NothingToPrintError as error:
        return await _form(request, "letters/_preview.html", form.refused(error), chosen, ticked)
    return saved_at(f"/letters/{run_id}", _("Ready to print."))


def _wish(form: Form[Paper], people: Sequence[PatientId]) -> Wish:
    if form.value is None:
        raise InvalidInputError("no such paper", field="template")
    frames = form.value.frames and isinstance(PAPERS.get(form.value.template), Envelope)
    return Wish(patient_ids=people, template=form.value.template, frames=frames)


async def _form(
    request: web.Request,
    template: str,
    form: Form[Paper],
    chosen: Sequence[PatientId],
    ticked: frozenset[PatientId],
    *,
    is_cut: bool = False,
) -> web.Response:
    deps = request.app[DEPS]
    wish = _wish(form if form.value else sheet.read(Paper, form.typed), chosen)
    batch = await service.preview(deps.db, actor_of(request), deps.letters, wish)
    first = next((piece for one, piece in batch.pieces.items() if one in ticked), None)
    shown = Shown(
        form=form,
        chosen=chosen,
        ticked=ticked,
        fit=_lines(batch.fit),
        left_out=batch.left_out,
        first=first,
        is_cut=is_cut,
    )
    return page(request, template, shown, status=form.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A run that was printed."""

    run: Run
    paper: str
    printed: Sequence[Line]
    left_out: Sequence[LeftOut]
    why: Mapping[str, str] = field(default_factory=lambda: WHY)


async def show(request: web.Request) -> web.StreamResponse:
    """Who got one and who did not, and the way to the file."""
    deps = request.app[DEPS]
    opened = await service.opened(deps.db, actor_of(request), deps.letters, forms.path_number(request))
    run = opened.run
    shown = Opened(run=run, paper=PAPER[run.template], printed=_lines(opened.printed), left_out=opened.left_out)
    return page(request, "letters/show.html", shown)


async def file(request: web.Request) -> web.StreamResponse:
    """The PDF, shown by the browser, which prints it."""
    deps, number = request.app[DEPS], forms.path_number(request)
    body = await service.pdf(deps.db, actor_of(request), deps.letters, number)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'inline; filename="letters-{number}.pdf"'}
    return web.Response(body=body, content_type="application/pdf", headers=headers)
