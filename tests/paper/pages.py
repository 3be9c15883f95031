"""Pages to draw."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.paper.plan import Line, Page

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
LRI, PDI = "\u2066", "\u2069"


def page(**others: Any) -> Page:
    usual: dict[str, Any] = {
        "language": "nl",
        "direction": "ltr",
        "heading": "Mijn plan",
        "intro": ("Dit is het plan van zaterdag 28 november 2026.",),
        "lines": tuple(Line(title=f"Taak {n}", below=(f"Dag: {n} december 2026",)) for n in range(1, 4)),
        "more": lambda left: f"Meer taken in de chat: {left}",
        "foot": "Hulp nodig? Schrijf in de chat.",
    }
    return Page(**{**usual, **others})


def arabic(**others: Any) -> Page:
    usual: dict[str, Any] = {
        "language": "ar",
        "direction": "rtl",
        "heading": "خطتي",
        "intro": ("هذه هي الخطة يوم السبت، 28 نوفمبر 2026.",),
        "lines": (Line(title=f"طلب {LRI}DigiD{PDI} من البلدية", below=("اليوم: الجمعة، 4 ديسمبر 2026",)),),
        "more": lambda left: f"مهام أخرى في المحادثة: {left}",
        "foot": "هل تحتاجون إلى مساعدة؟",
    }
    return page(**{**usual, **others})
