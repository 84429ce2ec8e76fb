"""Stories: what a caller did and what the call must do, as JSON. `hcrm try-flow FILE` runs one, and so do the tests.

Between any two steps the call's state, what it asked and what it was answered are written to JSON and read back.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from crm_core.kernel.calendar import Opening
from crm_core.kernel.errors import InvalidInputError
from crm_core.kernel.ids import AppointmentId, SlotId
from ivr import state
from ivr.definition import InvalidFlowError, read
from ivr.engine import advance, start
from ivr.flow import (
    Ask,
    Digits,
    Effect,
    Enqueue,
    Failed,
    Flow,
    Hangup,
    Input,
    Play,
    Played,
    Session,
    TimedOut,
    Voicemail,
)
from ivr.prompt import Language, Prompt
from ivr.rehearsal import Rehearsal, Sample, facts, rehearse

HERE = Path(__file__).parent
MOST_EFFECTS = 1_000


class StoryError(InvalidInputError):
    """A file that is no story, or names a flow that is none."""

    code = "invalid_story"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of a story: exactly one field is given.

    The caller: `press` keys when asked, `interrupt` the next text by a key, stay silent `silence` times.
    The world: `taken` a slot is taken by somebody else, `down` the hospital's database is away, `mute` no voice.
    The call must: `hears` these words since the caller's last doing, `hears_not`, `ends` ("queue operators",
    "voicemail", "hangup"), have gone the `path`, speak the `language`, have `happened` these changes.
    """

    press: str | None = None
    interrupt: str | None = None
    silence: Annotated[int, Field(ge=1, le=20)] | None = None
    taken: SlotId | None = None
    down: bool | None = None
    mute: bool | None = None
    hears: tuple[str, ...] | str | None = None
    hears_not: str | None = None
    ends: str | None = None
    path: tuple[str, ...] | None = None
    language: Language | None = None
    happened: tuple[str, ...] | None = None
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`flow` is a shipped flow's name or a whole definition; `hospital` replaces parts of the sample hospital."""

    about: str
    flow: str | dict[str, Any]
    caller: str = ""
    language: Language = "zh_CN"
    hours: Opening | None = None
    appointment: AppointmentId | None = None
    hospital: Mapping[str, Any] = field(default_factory=dict)
    story: Annotated[tuple[Moment, ...], Field(min_length=1)]
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Report:
    """How a story went: what was said and done, line by line, and what was not as it must be."""

    about: str
    lines: tuple[str, ...]
    problems: tuple[str, ...]
    path: tuple[str, ...]
    node_types: frozenset[str]

    @property
    def went_well(self) -> bool:
        """Whether the call did what the story says."""
        return not self.problems


_STORY = TypeAdapter(Story)
_SAMPLE = TypeAdapter(Sample)


def run_file(path: Path) -> Report:
    """Run one story. Raises StoryError when the file cannot be run at all."""
    try:
        return run(read_story(json.loads(path.read_text("utf-8"))))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise StoryError(f"{path.name}: {error}") from None


def read_story(written: object) -> Story:
    """Raises StoryError naming the first fault."""
    try:
        return _STORY.validate_python(written)
    except ValidationError as error:
        first = error.errors()[0]
        raise StoryError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None


def run(story: Story) -> Report:
    """Play the caller against the flow."""
    flow = _flow(story)
    stage = _Stage(flow, rehearse(_sample(story)))
    stage.begin(story)
    for moment in story.story:
        stage.play(moment)
    session = stage.session
    return Report(
        about=story.about,
        lines=tuple(stage.lines),
        problems=tuple(stage.problems),
        path=session.path,
        node_types=frozenset(flow.nodes[name].type for name in session.path),
    )


def _flow(story: Story) -> Flow:
    definition = story.flow if isinstance(story.flow, dict) else _shipped(story.flow)
    try:
        return read(definition, version=1)
    except InvalidFlowError as error:
        raise StoryError("\n".join(error.problems)) from None


def _shipped(name: str) -> dict[str, Any]:
    path = HERE / "flows" / f"{name}.json"
    if not name.isidentifier() or not path.exists():
        raise StoryError(f"there is no shipped flow '{name}'")
    definition: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return definition


def _sample(story: Story) -> Sample:
    usual = json.loads((HERE / "sample_hospital.json").read_text("utf-8"))
    try:
        sample = _SAMPLE.validate_python(usual | dict(story.hospital))
    except ValidationError as error:
        raise StoryError(f"hospital: {error.errors()[0]['msg']}") from None
    return replace(sample, hours=story.hours or sample.hours)


class _Stage:
    """A call under way in a story."""

    def __init__(self, flow: Flow, hospital: Rehearsal) -> None:
        self.flow = flow
        self.hospital = hospital
        self.lines: list[str] = []
        self.problems: list[str] = []
        self.heard = ""
        self.is_down = False
        self.is_mute = False
        self.interruption = ""
        self.session: Session
        self.effect: Effect

    def begin(self, story: Story) -> None:
        known = facts(self.hospital, caller=story.caller, language=story.language, about=story.appointment)
        self._take(*start(self.flow, known))

    def play(self, moment: Moment) -> None:
        """What the caller does waits until the call asks; what must be is looked at when the call waits."""
        match moment:
            case Moment(interrupt=str(key)):
                self.interruption, self.heard = key, ""
            case Moment(taken=int(slot_id)):
                self.hospital.free[SlotId(slot_id)] = 0
            case Moment(down=bool(is_down)):
                self.is_down = is_down
            case Moment(mute=bool(is_mute)):
                self.is_mute = is_mute
            case Moment(press=str(keys)):
                self._answer(f"caller: presses {keys}", Digits(keys))
            case Moment(silence=int(times)):
                for _ in range(times):
                    self._answer("caller: says nothing", TimedOut())
            case _:
                self._run()
                self.problems.extend(_wrong(moment, self))

    def _answer(self, line: str, said: Digits | TimedOut) -> None:
        self._run()
        if not isinstance(self.effect, Ask):
            self.problems.append(f"the call does not ask anything when the {line}")
            return
        self.lines.append(line)
        self.heard = ""
        if isinstance(said, Digits):
            said = Digits(self.effect.already + said.keys)
        self._tell(said)

    def _run(self) -> None:
        """Until the caller is asked, or the flow is over."""
        for _ in range(MOST_EFFECTS):
            said = self._without_caller(self.effect)
            if said is None:
                return
            self._tell(said)
        self.problems.append("the call never waits for the caller")

    def _without_caller(self, effect: Effect) -> Input | None:
        match effect:
            case Play(prompt) | Ask(prompt) if self.is_mute and prompt:
                return Failed("speech_failed")
            case Play(prompt):
                key, self.interruption = (self.interruption if effect.barge_in else ""), ""
                self._hear(prompt)
                return Played(key)
            case Ask() | Enqueue() | Voicemail() | Hangup():
                return None
            case _ if self.is_down:
                return Failed("database_unavailable")
            case _:
                return self.hospital.answer(effect)

    def _tell(self, said: Input) -> None:
        self._take(*advance(self.flow, self.session, state.input_from_json(state.input_to_json(said))))

    def _take(self, session: Session, effect: Effect) -> None:
        self.session = state.session_from_json(state.session_to_json(session))
        self.effect = state.effect_from_json(state.effect_to_json(effect))
        if (self.session, self.effect) != (session, effect):
            self.problems.append(f"the state at node {session.node!r} does not survive JSON")
        if isinstance(effect, Ask):
            self._hear(effect.prompt)
        elif not isinstance(effect, Play):
            self.lines.append(f"does: {effect.kind}")

    def _hear(self, prompt: Prompt) -> None:
        if prompt:
            text = " ".join(fragment.text for fragment in prompt)
            self.heard += text + " "
            self.lines.append(f"hears: {text}")


def _wrong(moment: Moment, stage: _Stage) -> Iterator[str]:
    """What is not as the story says."""
    for check in (_wrong_words, _wrong_end, _wrong_state):
        yield from check(moment, stage)


def _wrong_words(moment: Moment, stage: _Stage) -> Iterator[str]:
    rest = _squeezed(stage.heard)
    for words in (moment.hears,) if isinstance(moment.hears, str) else moment.hears or ():
        _, found, rest = rest.partition(_squeezed(words))
        if not found:
            yield f"the caller should hear {words!r}; heard {stage.heard.strip()!r}"
    if moment.hears_not and _squeezed(moment.hears_not) in _squeezed(stage.heard):
        yield f"the caller should not hear {moment.hears_not!r}; heard {stage.heard.strip()!r}"


def _wrong_end(moment: Moment, stage: _Stage) -> Iterator[str]:
    if moment.ends is not None and (end := _end(stage.effect)) != moment.ends:
        yield f"the call should end as {moment.ends!r}, but {end!r}"


def _wrong_state(moment: Moment, stage: _Stage) -> Iterator[str]:
    looks: tuple[tuple[str, object, Callable[[], object]], ...] = (
        ("the path", moment.path, lambda: stage.session.path),
        ("the language", moment.language, lambda: stage.session.language),
        ("what happened", moment.happened, lambda: tuple(stage.hospital.happened)),
    )
    for what, wanted, look in looks:
        if wanted is not None and look() != wanted:
            yield f"{what} should be {wanted!r}, is {look()!r}"


def _end(effect: Effect) -> Literal["voicemail", "hangup"] | str:
    match effect:
        case Enqueue(queue):
            return f"queue {queue}"
        case Voicemail() | Hangup():
            return effect.kind
        case _:
            return f"waits at {effect.kind}"


def _squeezed(text: str) -> str:
    return "".join(text.split())
