"""
A newcomer's plan on paper and their dates for a calendar: for themselves when they ask, and for their coach.

Both are made in the newcomer's language, hold no name and nothing but the tasks, and call a task whose subject is
nobody else's business "a task", as a reminder does: paper lies on a table, a calendar lights up on a lock screen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from textwrap import shorten
from typing import TYPE_CHECKING, TypeAlias

from babel.lists import format_list

from bot.content.render import Known, Reader
from bot.domain.clock import AMSTERDAM, local_day
from bot.domain.turn import Choice, Say, SentFile
from bot.domain.words import HELPERS
from bot.flows.dialogue import Dialogue
from bot.handoff.case import Role
from bot.naming import title_of, words
from bot.paper.calendar import Dated, as_ics
from bot.paper.pdf import MARKS, drawn
from bot.paper.plan import Line, Page, kind_of
from bot.say import voice_in
from bot.store.ids import new_id
from bot.tasks import CALENDAR_BUTTON, NO_TASKS, NO_TRAJECTORY, PAPER_BUTTON, open_tasks
from bot.trajectory.template import DeadlineKind, Repeats

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from bot.domain.turn import SlotValue
    from bot.runtime import Runtime
    from bot.say import Voice
    from bot.store.trajectory_rows import SessionOfGroupRow
    from bot.store.work import Work
    from bot.tasks import Open

# A calendar is asked for once in a while, so it holds the days of a year.
A_YEAR = timedelta(days=366)
LONGEST_TITLE = 120  # a line or two, however many words a coach wrote
# A day of the plan is the usual kind: the page says so once, at the top.
KINDS: Mapping[DeadlineKind, str] = {
    DeadlineKind.LEGAL: "utter_reminder_legal",
    DeadlineKind.ADVISED: "utter_paper_advised",
}


class What(StrEnum):
    """What somebody asks for."""

    PAPER = "paper"
    CALENDAR = "calendar"


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is said with it, without it, and when there is nothing to put in it; what may be asked for besides."""

    here: str
    not_here: str
    nothing: str
    besides: Choice


ON_PAPER = Choice(payload="/paper", response=PAPER_BUTTON)
IN_CALENDAR = Choice(payload="/calendar", response=CALENDAR_BUTTON)
PERSON = Choice(payload="/talk_to_human", title="Een mens vragen")
WORDS: Mapping[What, Words] = {
    What.PAPER: Words(here="utter_paper_here", not_here="utter_paper_not_here", nothing=NO_TASKS, besides=IN_CALENDAR),
    What.CALENDAR: Words(
        here="utter_calendar_here",
        not_here="utter_calendar_not_here",
        nothing="utter_calendar_none",
        besides=ON_PAPER,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file, ready to be given."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


Sessions: TypeAlias = "Mapping[tuple[str, int], SessionOfGroupRow]"


# ---- to whom


def hand_out(voice: Voice, newcomer_id: str, what: What) -> None:
    """Send somebody what they ask for; where their messenger takes no such file, say how else they can get it."""
    if not voice.work.trajectories.going_on(newcomer_id):
        voice.say(Say(response=NO_TRAJECTORY))
        return
    said = WORDS[what]
    takes = _takes(voice)
    if what not in takes:
        choices = (ON_PAPER, PERSON) if What.PAPER in takes else (PERSON,)
        voice.say(Say(response=said.not_here, choices=choices))
        return
    made = made_for(voice, newcomer_id, what)
    if made is None:
        voice.say(Say(response=said.nothing))
        return
    besides = (said.besides, Choice(payload="/tasks", response="utter_task_button_mine"))
    voice.say(Say(response=said.here, choices=besides))
    file = SentFile(id=new_id(), name=made.name, media_type=made.media_type, size=len(made.content))
    voice.enclose(said.here, file, made.content)


def _takes(voice: Voice) -> frozenset[What]:
    """Return what this conversation's messenger takes."""
    conversation = voice.work.conversations.get(voice.conversation_id)
    channel = voice.runtime.channels.get(conversation.channel) if conversation else None
    if channel is None or not channel.limits.files:
        return frozenset()
    return frozenset(What) if channel.limits.calendars else frozenset({What.PAPER})


def for_coach(runtime: Runtime, who: str, newcomer_id: str, what: What) -> Made | None:
    """
    Return what the newcomer's own coach may print for them, and write down that they looked; None for anybody else.

    Who is not their coach does not learn that there is such a person.
    """

    def look(work: Work) -> Made | None:
        user, newcomer = work.users.get(who), work.newcomers.get(newcomer_id)
        if user is None or not user.active or Role.COACH.value not in user.roles:
            return None
        if newcomer is None or newcomer.status == "erasing" or newcomer.coach_id != user.id:
            return None
        voice = _voice_for(runtime, work, newcomer_id)
        if voice is None:
            return None
        number = next((row.number for row in work.groups.of([who]) if row.newcomer_id == newcomer_id), 0)
        work.views.note(user.id, "plan", voice.now, newcomer_id=newcomer_id, case_number=number or None)
        return made_for(voice, newcomer_id, what, even_empty=True)

    return runtime.database.write(look)


def _voice_for(runtime: Runtime, work: Work, newcomer_id: str) -> Voice | None:
    """Return a voice that is only listened to: it says nothing in the conversation whose language it has."""
    where = work.newcomers.reminder_conversation(newcomer_id)
    rows = {row.id: row for row in work.conversations.of(newcomer_id)}
    row = rows.get(where or "") or next(iter(rows.values()), None)
    voice = voice_in(runtime, work, row.id) if row else None
    if row is not None and voice is not None:
        voice.dialogue = Dialogue.from_json(row.state.decode() if row.state else None)
    return voice


# ---- what is made


def made_for(voice: Voice, newcomer_id: str, what: What, *, even_empty: bool = False) -> Made | None:
    """Return the file; None when it would be empty, unless it is wanted all the same."""
    sessions = _sessions(voice, newcomer_id)
    if what is What.PAPER:
        found = open_tasks(voice, newcomer_id)
        if not found and not even_empty:
            return None
        page = page_of(voice, found, sessions)
        return Made(name="wegwijs.pdf", media_type="application/pdf", content=drawn(page, voice.now))
    dates = [*_days(voice, open_tasks(voice, newcomer_id, soon=A_YEAR)), *_moments(voice, sessions)]
    if not dates and not even_empty:
        return None
    content = as_ics(dates, name=_bare(words(voice, "utter_paper_heading")), made_at=voice.now)
    return Made(name="wegwijs.ics", media_type="text/calendar", content=content)


def page_of(voice: Voice, found: Sequence[Open], sessions: Sessions) -> Page:
    """Return somebody's open tasks as a page."""
    return Page(
        language=voice.language,
        direction=voice.runtime.knowledge.content.languages.direction(voice.language),
        heading=_plain(words(voice, "utter_paper_heading")),
        intro=(
            _plain(words(voice, "utter_paper_as_of", made_on=local_day(voice.now))),
            _plain(words(voice, "utter_paper_programme")),
        ),
        lines=tuple(_line(voice, one, sessions.get(one.row.key)) for one in found)
        or (Line(title=_plain(words(voice, "utter_paper_nothing"))),),
        more=lambda left: _plain(words(voice, "utter_paper_more", tasks_left=left)),
        foot=_foot(voice),
    )


def _line(voice: Voice, one: Open, session: SessionOfGroupRow | None) -> Line:
    hidden = one.planned.task.sensitive
    below = []
    if one.day is not None:
        extra: dict[str, SlotValue] = {"task_day": one.day, "is_over": one.day < local_day(voice.now)}
        if session is not None:
            extra["task_time"] = f"{session.at.astimezone(AMSTERDAM):%H:%M}"
        below.append(words(voice, "utter_paper_day", **extra))
    if not hidden:
        below += _about(voice, one, session)
    return Line(title=_title(voice, one), below=tuple(_plain(text) for text in below))


def _about(voice: Voice, one: Open, session: SessionOfGroupRow | None) -> Iterator[str]:
    """Yield what tells of the subject: where it is, whose day it is, who helps."""
    if session is not None and session.place:
        yield words(voice, "utter_paper_place", session_place=session.place)
    kind = kind_of(one.planned, one.day, due=one.row.due) if one.day is not None else None
    if kind is not None and kind in KINDS and session is None:
        yield words(voice, KINDS[kind])
    if helpers := one.planned.task.who_helps:
        named = [_plain(words(voice, HELPERS[name])) for name in helpers]
        yield words(voice, "utter_paper_helps", helpers=format_list(named, locale=voice.language))


def _foot(voice: Voice) -> str:
    """Return where help is: the infopoint of the place that they told, when somebody told us where it is."""
    nothing_to_explain = frozenset({*voice.runtime.knowledge.content.terms, f"language:{voice.language}"})
    reader = Reader(language=voice.language, second=voice.second_language, explained=nothing_to_explain)
    known = Known(slots=voice.dialogue.slots)
    return _plain(voice.runtime.renderer.render("utter_paper_help", reader, known, now=voice.now).message.text)


def _title(voice: Voice, one: Open) -> str:
    title = title_of(voice, one.row.task, one.row.title, hidden=one.planned.task.sensitive)
    return shorten(_plain(title), LONGEST_TITLE, placeholder=" …")


def _plain(text: str) -> str:
    """Return words without the stars that a messenger shows in bold."""
    return text.replace("*", "")


def _bare(text: str) -> str:
    """Return words without the marks that order them: not every calendar knows what they are."""
    return "".join(letter for letter in _plain(text) if letter not in MARKS)


# ---- dates


def _days(voice: Voice, found: Sequence[Open]) -> Iterator[Dated]:
    """Yield the days of tasks that are still to come; of what comes back each week or month only the next one."""
    today = local_day(voice.now)
    seen: set[tuple[str, str]] = set()
    for one in sorted(found, key=lambda one: one.row.due or today):
        task = one.planned.task
        if task.by_session:
            continue  # it comes with its hour
        if task.recurrence is not None and task.recurrence.kind is Repeats.REGULARLY:
            series = (one.row.trajectory_id, task.id)
            if series in seen or one.row.due is None or one.row.due < today:
                continue
            seen.add(series)
        for key, day in _days_of(one):
            if day >= today:
                yield _dated(voice, one, key, day)


def _days_of(one: Open) -> Iterator[tuple[str, date]]:
    """Yield the day a task is due and the last days of the law, by what stays the same when they move."""
    if one.row.due is not None:
        yield one.row.id, one.row.due
    for dated in one.planned.limits:
        if dated.on is not None and dated.on != one.row.due and dated.limit.kind is DeadlineKind.LEGAL:
            yield f"{one.row.id} {dated.limit.id}", dated.on


def _dated(voice: Voice, one: Open, key: str, day: date) -> Dated:
    is_legal = kind_of(one.planned, day, due=one.row.due) is DeadlineKind.LEGAL
    says_so = is_legal and not one.planned.task.sensitive
    text = _bare(words(voice, KINDS[DeadlineKind.LEGAL])) if says_so else None
    return Dated(key=key, title=_bare(_title(voice, one)), at=day, text=text)


def _sessions(voice: Voice, newcomer_id: str) -> Sessions:
    """Return the meetings of the group that are still to come, without those that somebody said no to."""
    return {
        (session.task, session.number): session
        for session, guest in voice.work.group_sessions.for_newcomer(newcomer_id)
        if session.state == "planned" and session.at >= voice.now and guest.answer != "no"
    }


def _moments(voice: Voice, sessions: Sessions) -> Iterator[Dated]:
    for session in sessions.values():
        template = voice.runtime.knowledge.trajectories.get(session.template)
        task = template.tasks.get(session.task) if template else None
        hidden = task is None or task.sensitive
        title = _bare(title_of(voice, session.task, hidden=hidden))
        yield Dated(key=session.id, title=title, at=session.at, place=None if hidden else session.place)
