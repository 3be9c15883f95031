"""A small simulated year: nothing twice, nothing at a forbidden hour, nobody forgotten."""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree as ET

from bench.year.__main__ import drawn, simulate


def test_two_months_of_twenty_newcomers_with_a_clock_change() -> None:
    found = simulate(20, 60, begins=date(2027, 9, 13))
    assert {name: times for name, times in found.wrong.items() if times} == {}
    assert found.counts["sent"] > 20
    assert "clock change 2027-10-31" in found.special
    names = sorted({name for week in found.weeks.values() for name in week})
    assert ET.fromstring(drawn(found.weeks, names)).tag.endswith("svg")
