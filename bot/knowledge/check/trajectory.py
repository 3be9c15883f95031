"""Rules about trajectories: every date can be counted, everything asked is explained, and no law is made up."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.content.render import PLACEHOLDER
from bot.knowledge.check.ground import Finding
from bot.trajectory.template import ALWAYS, CALENDAR, Repeats, Track

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.knowledge.check.ground import Ground, Place
    from bot.knowledge.schema import TaskShape, TrajectoryFile
    from bot.trajectory.template import Task, Template

LONGEST_TITLE = 60
# Months and years have no length of their own: what is compared, is compared from each of these days.
_FROM = tuple(date(year, month, day) for year in (2027, 2028) for month, day in ((1, 31), (2, 28), (8, 31), (12, 31)))


def trajectory_name(ground: Ground) -> Iterator[Finding]:
    """A trajectory is chosen by the name of its file."""
    for name in ground.read.trajectories:
        file, line = ground.at("trajectory", name, "trajectory")
        if file.rsplit("/", 1)[-1] != f"{name}.yml":
            yield Finding(
                place=(file, line), why=f"'{name}' is not the name of this file", mend="give both the same name"
            )


def trajectory_anchor(ground: Ground) -> Iterator[Finding]:
    """A day is counted from a day that somebody is asked for."""
    for file, template in _files(ground):
        used, misspelt = {file.counts_from}, False
        for name, task in file.tasks.items():
            anchors: list[tuple[tuple[str | int, ...], str]] = [(("anchor",), task.anchor)]
            anchors += [(("limits", at, "anchor"), limit.anchor) for at, limit in enumerate(task.limits)]
            used |= {anchor for _, anchor in anchors}
            for path, anchor in anchors:
                if anchor not in template.anchors:
                    misspelt = True
                    yield Finding(
                        place=_at(ground, file, name, *path),
                        why=f"'{anchor}' is no anchor of this trajectory",
                        mend="mend the spelling, or add it to 'anchors:'",
                    )
        for at, anchor in enumerate(file.anchors):
            if anchor not in used and not misspelt:
                yield Finding(
                    place=ground.at("trajectory", file.trajectory, "anchors", at),
                    why=f"nothing is counted from '{anchor}', and people would be asked for it",
                    mend="take it away, or count a task from it",
                )


def trajectory_condition(ground: Ground) -> Iterator[Finding]:
    """A task is for everybody, or for whom a question tells."""
    for file, template in _files(ground):
        used = {task.applies_if for task in file.tasks.values()}
        misspelt = bool(used - {ALWAYS, *template.conditions})
        for name, task in file.tasks.items():
            if task.applies_if not in {ALWAYS, *template.conditions}:
                yield Finding(
                    place=_at(ground, file, name, "applies_if"),
                    why=f"'{task.applies_if}' is no condition of this trajectory",
                    mend="mend the spelling, or add it to 'conditions:'",
                )
        for at, condition in enumerate(file.conditions):
            if condition not in used and not misspelt:
                yield Finding(
                    place=ground.at("trajectory", file.trajectory, "conditions", at),
                    why=f"no task asks for '{condition}', and people would be asked for it",
                    mend="take it away, or write 'applies_if:' with a task",
                )


def trajectory_layer(ground: Ground) -> Iterator[Finding]:
    """Every task lies in a layer, and a layer ends after it starts."""
    for file, template in _files(ground):
        for name, layer in template.layers.items():
            if any(layer.ends.after(day) <= layer.starts.after(day) for day in _FROM):
                yield Finding(
                    place=ground.at("trajectory", file.trajectory, "layers", name),
                    why=f"the layer '{name}' ends before it starts",
                    mend="make 'ends' later than 'starts'",
                )
        for name, task in file.tasks.items():
            if task.layer not in file.layers:
                yield Finding(
                    place=_at(ground, file, name, "layer"),
                    why=f"'{task.layer}' is no layer of this trajectory",
                    mend=f"use one of: {', '.join(file.layers)}",
                )


def trajectory_question(ground: Ground) -> Iterator[Finding]:
    """Who asks what a task is gets an answer."""
    for file, _ in _files(ground):
        for name, task in file.tasks.items():
            if task.question not in ground.read.questions:
                yield Finding(
                    place=_at(ground, file, name, "question"),
                    why=f"'{task.question}' is no question",
                    mend="use an id of content/questions/",
                )


def trajectory_needs(ground: Ground) -> Iterator[Finding]:
    """What comes first is a task of the same trajectory."""
    for file, _ in _files(ground):
        for name, task in file.tasks.items():
            for at, needed in enumerate(task.needs):
                if needed not in file.tasks:
                    yield Finding(
                        place=_at(ground, file, name, "needs", at),
                        why=f"'{needed}' is no task of this trajectory",
                        mend="mend the spelling, or take it away",
                    )


def trajectory_circle(ground: Ground) -> Iterator[Finding]:
    """Tasks that wait for each other are never done."""
    for file, _ in _files(ground):
        found: set[str] = set()
        for name in file.tasks:
            circle = _circle(file, name)
            if circle and name not in found:
                found |= set(circle)
                yield Finding(
                    place=_at(ground, file, name, "needs"),
                    why=f"these wait for each other: {' → '.join((*circle, name))}",
                    mend="take one of them from 'needs:'",
                )


def trajectory_window(ground: Ground) -> Iterator[Finding]:
    """A task begins before it is due."""
    for file, template in _files(ground):
        for name, task in template.tasks.items():
            if any(task.start.after(day) > task.due.after(day) for day in _FROM):
                yield Finding(
                    place=_at(ground, file, name, "start"),
                    why="it begins after it is due",
                    mend="make 'start' earlier, or 'due' later",
                )


def trajectory_reminders(ground: Ground) -> Iterator[Finding]:
    """Reminders stand in order, each once, on days on which they still help."""
    for file, template in _files(ground):
        for name, task in template.tasks.items():
            lists: list[tuple[tuple[str | int, ...], tuple[int, ...], bool]] = [
                (("reminders",), task.reminder_days, task.closes or task.by_session)
            ]
            lists += [(("limits", at, "reminders"), one.reminder_days, True) for at, one in enumerate(task.limits)]
            for path, days, shut in lists:
                if wrong := _wrong_days(task, days, shut=shut, limit=len(path) > 1):
                    why, mend = wrong
                    yield Finding(place=_at(ground, file, name, *path), why=why, mend=mend)


def trajectory_repeat(ground: Ground) -> Iterator[Finding]:
    """What repeats has a rhythm that can come true."""
    for file, template in _files(ground):
        for name, task in template.tasks.items():
            wrong = _wrong_repeat(task, file.tasks[name])
            if wrong:
                why, mend = wrong
                yield Finding(
                    place=_at(ground, file, name, "repeat" if task.recurrence else "may_pause"), why=why, mend=mend
                )


def trajectory_group(ground: Ground) -> Iterator[Finding]:
    """A group meets on days that the coach plans, in a time that is the same for all of them."""
    for file, template in _files(ground):
        for name, task in template.tasks.items():
            if (task.track is Track.GROUP) is not task.by_session:
                yield Finding(
                    place=_at(ground, file, name, "track"),
                    why="sessions belong to a group, and a group has sessions",
                    mend="write both 'track: group' and 'repeat: sessions', or neither",
                )
            elif task.track is Track.GROUP and task.anchor != file.counts_from:
                yield Finding(
                    place=_at(ground, file, name, "anchor"),
                    why=f"'{task.anchor}' is another day for each person of the group",
                    mend=f"write 'anchor: {file.counts_from}'",
                )


def trajectory_source(ground: Ground) -> Iterator[Finding]:
    """A day of the law is on somebody's word."""
    for file, template in _files(ground):
        for name, task in file.tasks.items():
            for at, source in enumerate(task.sources):
                if source not in ground.read.sources:
                    yield Finding(
                        place=_at(ground, file, name, "sources", at),
                        why=f"'{source}' is no source",
                        mend="mend the spelling, or add the source to content/sources.yml",
                    )
            made = template.tasks[name]
            if not task.sources and "legal" in {made.kind, *(limit.kind for limit in made.limits)}:
                yield Finding(
                    place=_at(ground, file, name, "deadline"),
                    why="a legal deadline without a source is one we made up",
                    mend="add 'sources:', or write 'deadline: advised'",
                )


def trajectory_text(ground: Ground) -> Iterator[Finding]:
    """Everything that is asked of somebody, or asked from them, has words."""
    for file, template in _files(ground):
        for place, name in _texts(ground, file, template):
            if name not in ground.read.responses:
                yield Finding(
                    place=place, why=f"'{name}' is not written", mend=f"add '{name}:' to a file of content/responses/"
                )


def trajectory_title(ground: Ground) -> Iterator[Finding]:
    """A title stands in a list and on a button's page: one short line, always the same."""
    titles = {task.title for template in ground.read.trajectories.values() for task in template.tasks.values()}
    titles |= {template.title for template in ground.read.trajectories.values()}
    for name in sorted(titles & set(ground.read.responses)):
        variants = ground.read.responses[name].variants
        text = variants[0].text if variants else ""
        plain = len(variants) == 1 and not (variants[0].buttons or variants[0].media or variants[0].terms)
        if not plain or len(text) > LONGEST_TITLE or "\n" in text or "*" in text or PLACEHOLDER.search(text):
            yield Finding(
                place=ground.at("response", name),
                why=f"the title '{text.splitlines()[0] if text else ''}' is not one short line",
                mend=f"write one text of at most {LONGEST_TITLE} characters, without buttons, stars and {{…}}",
            )


# ---- what the rules share


def _files(ground: Ground) -> Iterator[tuple[TrajectoryFile, Template]]:
    for name, file in ground.read.trajectory_files.items():
        yield file, ground.read.trajectories[name]


def _at(ground: Ground, file: TrajectoryFile, task: str, *deeper: str | int) -> Place:
    return ground.at("trajectory", file.trajectory, "tasks", task, *deeper)


def _texts(ground: Ground, file: TrajectoryFile, template: Template) -> Iterator[tuple[Place, str]]:
    def at(*path: str | int) -> Place:
        return ground.at("trajectory", file.trajectory, *path)

    yield at("trajectory"), template.title
    for number, anchor in enumerate(file.anchors):
        if asks := template.anchors.get(anchor):
            yield at("anchors", number), asks
    for number, condition in enumerate(file.conditions):
        yield at("conditions", number), template.conditions[condition]
    for name, task in template.tasks.items():
        yield at("tasks", name), task.title
        yield at("tasks", name), task.why
        for number, limit in enumerate(task.limits):
            if limit.note:
                yield at("tasks", name, "limits", number), limit.note


def _circle(file: TrajectoryFile, start: str) -> tuple[str, ...]:
    """Return the tasks from `start` back to it, each needing the next; nothing when there is no way back."""
    waiting: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        for needed in file.tasks[path[-1]].needs:
            if needed == start:
                return path
            if needed in file.tasks and needed not in seen:
                seen.add(needed)
                waiting.append((*path, needed))
    return ()


def _wrong_days(task: Task, days: tuple[int, ...], *, shut: bool, limit: bool) -> tuple[str, str] | None:
    if any(later <= earlier for earlier, later in pairwise(days)):
        return f"these days are out of order, or twice: {list(days)}", "write each once, the earliest first"
    if shut and any(day > 0 for day in days):
        return "a reminder comes when it is too late", "keep the days up to 0"
    if limit or task.by_session or not days:
        return None
    # Anchors lie at month ends too, so a month is taken at its shortest.
    if all(0 <= (task.due.after(day) - task.start.after(day)).days < -days[0] for day in _FROM):
        return "the first reminder comes before the task begins, so it would never be sent", "make 'start' earlier"
    return None


def _wrong_repeat(task: Task, shape: TaskShape) -> tuple[str, str] | None:
    again = task.recurrence
    if again is None:
        return ("what does not repeat cannot be paused", "take 'may_pause:' away") if shape.may_pause else None
    yearly = again.every is not None and again.every.times(1).after(_FROM[0]) == date(_FROM[0].year + 1, 1, 31)
    if again.kind is Repeats.YEARLY and not (yearly and again.until is None):
        return f"'{task.anchor}' comes once a year, and always", "write 'repeat: every year'"
    if again.kind is Repeats.ANEW and (again.until is not None or task.anchor in CALENDAR):
        return "a new date is one that somebody tells, whenever it comes", "write 'repeat: each new date' alone"
    if again.until is not None and any(again.until.after(day) <= task.due.after(day) for day in _FROM):
        # A group's window may end where its time ends.
        return "it ends before it comes back", "make 'until' later than 'due', or take 'repeat:' away"
    return None
