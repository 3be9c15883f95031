"""Walks through a flow without playing it: what follows on what, what can be reached, what is surely known where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.flows.conditions import (
    Both,
    CannotCompareError,
    Compare,
    Condition,
    Either,
    Expression,
    Not,
    Truth,
    evaluated,
)
from bot.flows.model import END, AnyStep, Collect, Flow, SetSlots

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def targets(step: AnyStep) -> tuple[str, ...]:
    """Return the steps that may come next; none after a `link`."""
    return tuple(branch.target for branch in step.next)


def reachable(flow: Flow, start: str | None = None, *, past: frozenset[str] = frozenset()) -> set[str]:
    """Return the steps (END among them) that can be reached from `start`, without going through those in `past`."""
    seen: set[str] = set()
    waiting = [start or flow.first]
    while waiting:
        name = waiting.pop()
        if name in seen or name in past:
            continue
        seen.add(name)
        if name != END:
            waiting.extend(targets(flow.steps[name]))
    return seen


def really_asks(flow: Flow, step: AnyStep) -> bool:
    """Return whether the flow stops here for an answer each time it comes by."""
    if not isinstance(step, Collect):
        return False
    forgotten = {
        name
        for other in flow.steps.values()
        if isinstance(other, SetSlots)
        for name, value in other.slots.items()
        if value is None
    }
    return step.ask_before_filling or step.slot in forgotten


def silent_circle(flow: Flow) -> str | None:
    """Return a step of a circle in which nothing is asked, or None."""
    quiet = frozenset(name for name, step in flow.steps.items() if really_asks(flow, step))
    for name, step in flow.steps.items():
        if name not in quiet and any(name in reachable(flow, target, past=quiet) for target in targets(step)):
            return name
    return None


def surely_known(flow: Flow) -> Mapping[str, frozenset[str]]:
    """
    Return, for each step, the slots that are filled whenever it begins.

    A question can be skipped, so asking is not enough: a branch for the empty slot must have led away before.
    """
    known: dict[str, frozenset[str]] = {flow.first: frozenset()}
    waiting = [flow.first]
    while waiting:
        name = waiting.pop()
        if name == END:
            continue
        for target, slots in _after(flow.steps[name], known[name]):
            met = slots & known[target] if target in known else slots
            if known.get(target) != met:
                known[target] = met
                waiting.append(target)
    return known


def _after(step: AnyStep, before: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    match step:
        case Collect(slot=slot, ask_before_filling=True):
            before -= {slot}
        case SetSlots(slots=slots):
            before = (before | {name for name, value in slots.items() if value is not None}) - {
                name for name, value in slots.items() if value is None
            }
        case _:
            pass
    told = set(before)
    mentioned = {name for branch in step.next if branch.condition for name in branch.condition.slots()}
    for branch in step.next:
        holds = {
            name: when_empty(branch.condition.expression, name) if branch.condition else None for name in mentioned
        }
        yield branch.target, frozenset(told | {name for name, found in holds.items() if found is False})
        # Who comes past a branch that an empty slot would surely have taken has that slot.
        told |= {name for name, found in holds.items() if found is True}


def when_empty(expression: Expression, slot: str) -> bool | None:
    """Return whether the condition holds when `slot` is empty, whatever the others are; None when that depends."""
    found = _outcomes(expression, slot)
    if found == {"yes"}:
        return True
    return None if "yes" in found else False


def _outcomes(expression: Expression, slot: str) -> frozenset[str]:
    """Return what the expression can come to (yes, no, or stuck on what cannot be compared) when `slot` is empty."""
    match expression:
        case Not(inner):
            opposite = {"yes": "no", "no": "yes", "stuck": "stuck"}
            return frozenset(opposite[one] for one in _outcomes(inner, slot))
        case Both(left, right):
            first = _outcomes(left, slot)
            return (first - {"yes"}) | (_outcomes(right, slot) if "yes" in first else frozenset())
        case Either(left, right):
            first = _outcomes(left, slot)
            return (first - {"no"}) | (_outcomes(right, slot) if "no" in first else frozenset())
        case Compare() | Truth():
            return _outcome(expression, slot)


def _outcome(term: Compare | Truth, slot: str) -> frozenset[str]:
    if not Condition("", term).slots() <= {slot}:
        sizes = isinstance(term, Compare) and term.op not in ("=", "!=")
        return frozenset({"yes", "no", "stuck"} if sizes else {"yes", "no"})
    try:
        return frozenset({"yes" if evaluated(term, {}) else "no"})
    except CannotCompareError:
        return frozenset({"stuck"})


def comparisons(expression: Expression) -> Iterator[Compare]:
    """Yield every comparison in an expression."""
    match expression:
        case Compare():
            yield expression
        case Not(inner):
            yield from comparisons(inner)
        case Both(left, right) | Either(left, right):
            yield from comparisons(left)
            yield from comparisons(right)
        case Truth():
            pass
