"""
Somebody takes part, in the chat.

What fits them, signing up, the waiting list, how it was; what they told of their wishes, and whom they look for.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.agree import stop_all
from bot.describe import choices_of, line_of_offer, line_of_waiting, say_all, say_of
from bot.domain.clock import local_day
from bot.domain.days import at
from bot.domain.languages import SOURCE
from bot.domain.taking_part import FindOffers
from bot.domain.turn import Choice, OpenCase, Priority, Say
from bot.flows.dialogue import Asking
from bot.guide import NEWCOMER, Settled, settle, template_of
from bot.naming import listed, title_of, words
from bot.participation.finding import INTERESTS, LIMITS, TIMES, find
from bot.store.participation_rows import Offered
from bot.store.trajectory_rows import TaskRow
from bot.suit import AHEAD, ANY_KIND, KINDS, chance_of, coming_of, found_for, is_coming, told_of, wishes_of
from bot.team import take_on
from bot.trajectory.meetings import reminder_moment
from bot.trajectory.plan import State
from bot.trajectory.reminders import SENT_AT, next_moment
from bot.trajectory.template import DeadlineKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from bot.domain.turn import SlotValue
    from bot.flows.runner import Runner
    from bot.say import Voice
    from bot.store.participation_rows import SignUpRow
    from bot.store.rows import ConversationRow, NewcomerRow
    from bot.store.work import Work
    from bot.trajectory.template import Task

# What is offered is shown so many at once.
MOST_FOUND = 3
MOST_LISTED = 7
# Which questions have a door to what is offered, and what must be published for it to be open.
DOORS: Mapping[str, frozenset[str]] = {
    "activities_language_cafe": frozenset(KINDS["activity"]),
    "volunteering": frozenset(KINDS["volunteer"]),
    "buddy_match": frozenset({"activity", "volunteer", "goods", "buddy"}),
}
FOUND, NONE, WHOLE, GONE = "utter_offers_found", "utter_offers_none", "utter_offer_found", "utter_offer_gone"
SIGNED_UP, WAITING, LEFT = "utter_offer_signed_up", "utter_offer_waiting", "utter_offer_left"
ASKED, MINE, MINE_NONE = "utter_offer_asked", "utter_signed_up", "utter_signed_up_none"
HOW_WAS_IT, SETTLES = "utter_offer_how_was_it", "utter_offer_settles"
AFTER: Mapping[str, str] = {
    "good": "utter_offer_liked",
    "bad": "utter_offer_not_liked",
    "not_there": "utter_offer_was_not_there",
}
WISHES, WISHES_NONE, WISHES_GONE = "utter_wishes", "utter_wishes_none", "utter_wishes_gone"
NO_AREA = "utter_wish_no_area"
WEEK_ON, WEEK_OFF = "utter_week_on", "utter_week_off"
SEEK, NOTED, CLOSED = "utter_seek_ask", "utter_seek_noted", "utter_seek_closed"
# The order in which wishes are asked; also bot/ladder/participation.py reads their names.
ORDER = ("interests", "area", "times", "languages", "limits")
SEEK_KINDS = ("buddy", "be_buddy", "can_offer")


def _button(name: str, payload: str) -> Choice:
    return Choice(payload=payload, response=f"utter_offer_button_{name}")


def _wish_button(name: str, payload: str) -> Choice:
    return Choice(payload=payload, response=f"utter_wish_button_{name}")


PERSON = _button("person", "/talk_to_human")
FIND = _button("find", "/offers")
OWN_WISHES = _button("wishes", "/profile")
OWN_SIGN_UPS = _button("mine", "/signed_up")
TELL = _wish_button("tell", "/profile tell")


def with_doors(work: Work, runner: Runner, now: datetime) -> Runner:
    """Return the runner that knows whether there is something to take part in, for the questions that lead to it."""
    kinds = work.offers.kinds_to_find(now=now, until=now + AHEAD, today=local_day(now))
    if not kinds:
        return runner
    doors = {name: {**runner.about.get(name, {}), "offers_here": True} for name, of in DOORS.items() if of & kinds}
    return replace(runner, about={**runner.about, **doors})


# ---- finding


def show_found(voice: Voice, newcomer_id: str, wanted: FindOffers) -> None:
    """Say what fits somebody best, three at a time, each with a reason; with a task what serves that task."""
    what, after, task = wanted.what, wanted.after, wanted.task
    found = found_for(voice, newcomer_id, KINDS[what] if task is None else ANY_KIND, task=task)
    shown, more = found[after : after + MOST_FOUND], len(found) > after + MOST_FOUND
    is_more = after > 0
    if not shown:
        # Where nothing near is published the question is answered as everywhere else.
        answer = f"utter_{wanted.question}"
        if answer in voice.runtime.knowledge.content.responses:
            voice.say(Say(response=answer, slots=voice.dialogue.slots))
        seek = Choice(payload="/seek volunteer", response="utter_seek_button_volunteer")
        below = (*_tell_or_change(voice, newcomer_id), *((seek,) if what == "volunteer" else ()), PERSON)
        voice.say(Say(response=NONE, extra={"is_more": is_more}, choices=below))
        return
    extra: dict[str, SlotValue] = {
        "offer_list": listed(line_of_offer(voice, offered, why) for offered, why in shown),
        "is_more": is_more,
        "is_volunteer": what == "volunteer",
        "task_title": title_of(voice, task) if task is not None else None,
    }
    of = what if task is None else f"task {task}"
    further = (_button("more", f"/offers {of} more {after + MOST_FOUND}"),) if more else ()
    mine = (OWN_SIGN_UPS,) if coming_of(voice, newcomer_id) else ()
    choices = (
        *choices_of(voice, [offered for offered, _ in shown]),
        *further,
        *_tell_or_change(voice, newcomer_id),
        *mine,
        PERSON,
    )
    voice.say(Say(response=FOUND, extra=extra, choices=choices))


def _tell_or_change(voice: Voice, newcomer_id: str) -> tuple[Choice, ...]:
    return (OWN_WISHES,) if any(told_of(voice, newcomer_id).values()) else (TELL,)


# ---- one offer


def show_offer(voice: Voice, newcomer_id: str, offer_id: str) -> None:
    """Say all about one offer, with what somebody can do with it now."""
    offered = _open(voice, offer_id)
    if offered is None:
        voice.say(Say(response=GONE, choices=(FIND,)))
        return
    why = next(iter(find(wishes_of(voice, newcomer_id), [chance_of(offered)], voice.now)), None)
    voice.say(say_all(voice, WHOLE, offered, why, (*_can_do(voice, newcomer_id, offered), FIND, PERSON)))


def _open(voice: Voice, offer_id: str) -> Offered | None:
    """Return what can still be taken part in, by the id of its occasion, or its own where it has none."""
    found = voice.work.offers.at(offer_id) or _undated(voice, offer_id)
    if found is None or found.offer.state != "published":
        return None
    if found.offer.expires_on is not None and found.offer.expires_on < local_day(voice.now):
        return None
    return found if found.occasion is None or is_coming(found, voice.now) else None


def _undated(voice: Voice, offer_id: str) -> Offered | None:
    offer = voice.work.offers.get(offer_id)
    return None if offer is None or offer.starts_at or offer.weekly else Offered(offer=offer)


def _can_do(voice: Voice, newcomer_id: str, offered: Offered) -> tuple[Choice, ...]:
    if offered.occasion is None:
        return (_button("want", f"/want {offered.offer.id}"),)
    mine = voice.work.sign_ups.get(offered.occasion.id, newcomer_id)
    if mine is not None and mine.state != "cancelled":
        return (leave(offered.occasion.id),)
    return (_button("wait" if offered.is_full else "join", f"/join {offered.occasion.id}"),)


def leave(occasion_id: str) -> Choice:
    """Return the button with which somebody does not take part after all."""
    return _button("leave", f"/leave {occasion_id}")


# ---- signing up


def join(voice: Voice, newcomer_id: str, occasion_id: str) -> None:
    """Sign somebody up, or put them on the waiting list; an old button says that it is over."""
    offered = _open(voice, occasion_id)
    row = voice.work.sign_ups.join(occasion_id, newcomer_id, voice.now) if offered is not None else None
    if row is None or offered is None:
        voice.say(Say(response=GONE, choices=(FIND,)))
        return
    if row.state == "waiting":
        voice.say(say_of(voice, WAITING, offered, (leave(occasion_id), FIND)))
    else:
        voice.say(say_of(voice, SIGNED_UP, offered, (leave(occasion_id), OWN_SIGN_UPS)))
        # Pressed again, what was set before stands: a reminder that went is not wanted twice.
        if row.outbox_id is None:
            wind_all(voice.work, offered, newcomer_id, voice.now)
    voice.work.sign_ups.change(occasion_id, newcomer_id, outbox_id=voice.last)


def wind_all(work: Work, offered: Offered, newcomer_id: str, now: datetime) -> None:
    """Set when somebody who goes is reminded, and when they are asked how it was."""
    assert offered.occasion is not None
    over = offered.occasion.ends_at or offered.occasion.starts_at
    work.sign_ups.change(
        offered.occasion.id,
        newcomer_id,
        remind_at=reminder_moment(offered.occasion.starts_at, now),
        ask_at=next_moment(at(local_day(over) + timedelta(days=1), SENT_AT)),
    )


def withdraw(voice: Voice, newcomer_id: str, occasion_id: str) -> None:
    """Take somebody off; their place goes to who waits for it (bot/recall.py)."""
    offered = voice.work.offers.at(occasion_id)
    # What began already is not left any more: who was there stays counted.
    is_theirs = offered is not None and is_coming(offered, voice.now)
    before = voice.work.sign_ups.leave(occasion_id, newcomer_id) if is_theirs else None
    if before is None or offered is None:
        voice.say(Say(response=GONE, choices=(FIND,)))
        return
    again = _button("join", f"/join {occasion_id}")
    voice.say(say_of(voice, LEFT, offered, (again, FIND)))


def want(voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow, offer_id: str) -> None:
    """Give the team the wish for something that has no moment: a person brings them together."""
    offered = _open(voice, offer_id)
    if offered is None:
        voice.say(Say(response=GONE, choices=(FIND,)))
        return
    ask = OpenCase(
        reason="offer_wanted",
        priority=Priority.NORMAL,
        topic="social",
        question="volunteering" if offered.offer.kind == "volunteer" else "activities_language_cafe",
        summary=f"{offered.offer.title} ({offered.offer.organisation})",
    )
    voice.learn(take_on(voice, newcomer, conversation, ask))
    voice.say(say_of(voice, ASKED, offered))


def show_sign_ups(voice: Voice, newcomer_id: str) -> None:
    """Say for what somebody signed up and what is still to be."""
    coming = coming_of(voice, newcomer_id)[:MOST_LISTED]
    if not coming:
        voice.say(Say(response=MINE_NONE, choices=(FIND,)))
        return
    lines = [
        line_of_waiting(voice, one) if row.state == "waiting" else line_of_offer(voice, one) for one, row in coming
    ]
    choices = (*choices_of(voice, [one for one, _ in coming]), FIND)
    voice.say(Say(response=MINE, extra={"offer_list": listed(lines)}, choices=choices))


# ---- how it was


def how_was_it(occasion_id: str) -> tuple[Choice, ...]:
    """Return the answers to "how was it?"."""
    return tuple(_button(said, f"/how_was_it {occasion_id} {said}") for said in AFTER)


def take_how_it_was(voice: Voice, newcomer_id: str, occasion_id: str, said: str) -> None:
    """Take how it was, or that somebody was not there; asked by a template, it is asked now of the last that was."""
    rows = {row.occasion_id: row for row in voice.work.sign_ups.of(newcomer_id) if row.state == "going"}
    if not occasion_id:
        _ask_of_the_last(voice, newcomer_id, list(rows.values()))
        return
    offered = voice.work.offers.at(occasion_id)
    if occasion_id not in rows or offered is None or not _was(offered, voice.now):
        voice.say(Say(response=GONE, choices=(FIND,)))
        return
    was_there = said != "not_there"
    voice.work.sign_ups.change(
        occasion_id, newcomer_id, attended=was_there, liked=said if was_there else None, ask_at=None
    )
    if was_there:
        _settle_tasks(voice, newcomer_id, offered)
    voice.say(Say(response=AFTER[said], choices=(FIND, PERSON) if said == "bad" else (FIND,)))


def _ask_of_the_last(voice: Voice, newcomer_id: str, rows: list[SignUpRow]) -> None:
    for row in reversed(rows):
        offered = voice.work.offers.at(row.occasion_id)
        if row.attended is None and offered is not None and _was(offered, voice.now):
            voice.say(say_of(voice, HOW_WAS_IT, offered, how_was_it(row.occasion_id)))
            return
    show_sign_ups(voice, newcomer_id)


def _was(offered: Offered, now: datetime) -> bool:
    """Return whether an occasion took place, or goes on now."""
    occasion = offered.occasion
    return occasion is not None and occasion.state != "cancelled" and occasion.starts_at <= now


def _settle_tasks(voice: Voice, newcomer_id: str, offered: Offered) -> None:
    """Have the tasks that this offer serves be done, and say so; the coach confirms those that their template says."""
    offer = offered.offer
    assert offered.occasion is not None
    day = local_day(offered.occasion.starts_at)
    runtime, work = voice.runtime, voice.work
    for trajectory in work.trajectories.going_on(newcomer_id) if offer.tasks else ():
        known, rows = template_of(runtime, work, trajectory).tasks, work.trajectories.tasks(trajectory.id)
        for name in offer.tasks:
            task = _done_on(day, [row for row in rows if row.task == name], known[name]) if name in known else None
            if task is None:
                continue
            after = settle(runtime, work, task.id, Settled.DONE, actor=NEWCOMER, offer=offer.id)
            if isinstance(after, TaskRow):
                extra: dict[str, SlotValue] = {
                    "task_title": title_of(voice, after.task, after.title),
                    "is_waiting": after.state is State.AWAITING,
                }
                voice.say(Say(response=SETTLES, extra=extra))


def _done_on(day: date, rows: list[TaskRow], task: Task) -> TaskRow | None:
    """Return which time of a task is done by who took part on this day; None when none is, or it is settled already."""
    if task.by_session or task.kind is DeadlineKind.LEGAL:
        # Who was at a session of their group is the coach's to say; what the law asks is not done by taking part.
        return None
    begun = [row for row in rows if row.starts is None or row.starts <= day]
    # Of what comes back only the time that goes on: once is not every week of it. What comes once may be done early.
    found = max(begun, key=lambda row: row.occurrence, default=None)
    if found is None and task.recurrence is None and len(rows) == 1:
        (found,) = rows
    return found if found is not None and found.state is State.OPEN else None


# ---- wishes


def show_wishes(voice: Voice, newcomer_id: str) -> None:
    """Say what somebody told of their wishes, each to be changed, all to be deleted."""
    profile = voice.work.profiles.get(newcomer_id)
    lines = list(_wish_lines(voice, newcomer_id))
    if not lines and (profile is None or profile.digest_at is None):
        voice.say(Say(response=WISHES_NONE, choices=(TELL, FIND)))
        return
    week = "week_off" if profile is not None and profile.digest_at is not None else "week_on"
    choices = (
        *(_wish_button(name, f"/profile ask {name}") for name in _askable(voice)),
        _wish_button(week, f"/week {week.removeprefix('week_')}"),
        FIND,
        _wish_button("forget", "/profile forget"),
    )
    none = words(voice, "utter_wish_button_any")
    voice.say(Say(response=WISHES, extra={"wish_list": listed(lines) or none}, choices=choices))


def _wish_lines(voice: Voice, newcomer_id: str) -> Iterable[str]:
    told = told_of(voice, newcomer_id)
    for name in ORDER:
        said = [told["area"]] if name == "area" and told.get("area") else list(told.get(name) or ())
        named = [_wish_words(voice, name, one) for one in said]
        if named:
            yield words(voice, f"utter_wish_line_{name}", wish_words=", ".join(named))
    seeking = [words(voice, f"utter_seek_button_{one.kind}") for one in voice.work.seekings.of(newcomer_id)]
    if seeking:
        yield words(voice, "utter_wish_line_seeking", wish_words=", ".join(seeking))


# How the words of one value are called.
_OF_WISH: Mapping[str, str] = {"interests": "interest", "times": "time", "limits": "limit"}


def _wish_words(voice: Voice, name: str, value: str) -> str:
    if name in _OF_WISH:
        return words(voice, f"utter_wish_{_OF_WISH[name]}_{value}")
    known = voice.runtime.knowledge.content.languages.all
    return known[value].name if name == "languages" and value in known else value


def _askable(voice: Voice) -> tuple[str, ...]:
    # Who reads Dutch is not asked which language they want to speak.
    return tuple(name for name in ORDER if name != "languages" or voice.language != SOURCE)


def ask_wish(voice: Voice, name: str, *, go_on: bool) -> None:
    """Ask one thing for the wishes."""
    voice.dialogue = replace(voice.dialogue, asking=Asking(kind="wish", name=name, left=int(go_on)))
    voice.say(Say(response=f"utter_wish_ask_{name}", choices=_answers(voice, name, go_on=go_on)))


def _answers(voice: Voice, name: str, *, go_on: bool) -> tuple[Choice, ...]:
    def told(value: str) -> str:
        return f"/profile {name} {value} {int(go_on)}"

    def of(values: Iterable[str]) -> tuple[Choice, ...]:
        return tuple(Choice(payload=told(one), response=f"utter_wish_{_OF_WISH[name]}_{one}") for one in values)

    match name:
        case "interests":
            return (*of(INTERESTS), _wish_button("skip", told("skip")))
        case "times":
            return (*of(TIMES), _wish_button("any", told("any")))
        case "limits":
            return (*of(LIMITS), _wish_button("none", told("any")))
        case "languages":
            own = voice.language
            return (
                Choice(payload=told(SOURCE), language=SOURCE),
                Choice(payload=told(own), language=own),
                _wish_button("both", told(f"{SOURCE}+{own}")),
                _wish_button("any", told("any")),
            )
        case _:
            return (_wish_button("skip", told("skip")),)


def tell_wish(voice: Voice, newcomer_id: str, name: str, value: str | None, *, go_on: bool) -> None:
    """Take up what somebody told of their wishes; then ask the next thing, or show what there is now."""
    if name == "area" and value == "":
        voice.dialogue = replace(voice.dialogue, asking=Asking(kind="wish", name=name, left=int(go_on)))
        voice.say(Say(response=NO_AREA, choices=_answers(voice, name, go_on=go_on)))
        return
    told = dict(told_of(voice, newcomer_id))
    before = list(told.get(name) or ()) if name != "area" else []
    match name:
        case _ if value == "any" or (value is None and not go_on):
            told.pop(name, None)
        case _ if value is None:
            pass
        case "area":
            told["area"] = value
        case "languages":
            known = voice.runtime.knowledge.content.languages.all
            told[name] = [one for one in value.split("+") if one in known]
        case "interests" | "times" | "limits" if value in _VALUES[name]:
            # What was told already is taken back by telling it again; who is asked for the first time adds it.
            told[name] = [one for one in before if one != value] if value in before and not go_on else [*before, value]
        case _:
            pass
    told = {key: list(dict.fromkeys(one)) if isinstance(one, list) else one for key, one in told.items()}
    voice.work.profiles.keep(newcomer_id, told, voice.now)
    if not go_on:
        show_wishes(voice, newcomer_id)
        return
    names = _askable(voice)
    following = names[names.index(name) + 1 :] if name in names else ()
    if following:
        ask_wish(voice, following[0], go_on=True)
    else:
        show_found(voice, newcomer_id, FindOffers())


_VALUES: Mapping[str, Iterable[str]] = {"interests": tuple(INTERESTS), "times": TIMES, "limits": LIMITS}


def drop_wishes(voice: Voice, newcomer_id: str) -> None:
    """Delete all that somebody told of their wishes; nobody is looked for any more either."""
    voice.work.profiles.drop(newcomer_id)
    stop_all(voice, newcomer_id)
    voice.work.seekings.close(newcomer_id)
    voice.say(Say(response=WISHES_GONE))


def set_week(voice: Voice, newcomer_id: str, *, on: bool) -> None:
    """Begin or end the message of the week."""
    voice.work.profiles.set_digest(newcomer_id, next_week(voice.now) if on else None, voice.now)
    voice.say(Say(response=WEEK_ON if on else WEEK_OFF, choices=(OWN_WISHES,)))


def next_week(now: datetime) -> datetime:
    """Return when the next message of the week goes out: Monday at ten, later when that is a day of rest."""
    today = local_day(now)
    return next_moment(at(today + timedelta(days=7 - today.weekday()), SENT_AT))


# ---- looking for somebody, offering something


def ask_seeking(voice: Voice, newcomer_id: str) -> None:
    """Ask whether somebody looks for a buddy, wants to be one, or can offer something."""
    stands = bool(voice.work.seekings.of(newcomer_id))
    stop = (Choice(payload="/seek stop", response="utter_seek_button_stop"),) if stands else ()
    kinds = (Choice(payload=f"/seek {kind}", response=f"utter_seek_button_{kind}") for kind in SEEK_KINDS)
    voice.say(Say(response=SEEK, choices=(*kinds, *stop, PERSON)))


def ask_words(voice: Voice, kind: str) -> None:
    """Ask in which words somebody says what they look for or offer."""
    voice.dialogue = replace(voice.dialogue, asking=Asking(kind="seek", name=kind))
    skip = _wish_button("skip", f"/seek {kind} skip")
    voice.say(Say(response=f"utter_seek_words_{kind}", choices=(skip,)))


def note_seeking(
    voice: Voice, newcomer: NewcomerRow, conversation: ConversationRow, kind: str, said: str | None
) -> None:
    """Note that somebody looks, or offers (bot/pair.py); their words are a question that a person of the team reads."""
    voice.work.seekings.open(newcomer.id, kind, said, voice.now)
    # Who looks for somebody is found without words; what somebody offers is known by nobody else.
    if said or kind == "can_offer":
        question = "volunteering" if kind == "volunteer" else "buddy_match"
        ask = OpenCase(
            reason="seeking", priority=Priority.NORMAL, topic="social", question=question, summary=said or ""
        )
        voice.learn(take_on(voice, newcomer, conversation, ask))
    voice.say(Say(response=NOTED, choices=_tell_or_change(voice, newcomer.id)))


def stop_seeking(voice: Voice, newcomer_id: str) -> None:
    """Look for nobody any more."""
    stop_all(voice, newcomer_id)
    voice.work.seekings.close(newcomer_id)
    voice.say(Say(response=CLOSED))
