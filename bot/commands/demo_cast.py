"""Who plays in the demo, and what they write. Every one of them is invented; no message is a real person's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """
    Somebody of the demo's team: `name` is what newcomers see, `all_teams` whether they work in each of them.

    `organisation` is an organiser's, who is in no team.
    """

    name: str
    roles: tuple[str, ...]
    languages: tuple[str, ...]
    all_teams: bool = False
    organisation: str = ""


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """Somebody who writes in the demo: who they are on their messenger, and what they ask."""

    name: str
    language: str
    asks: str
    coached: bool = False


@dataclass(frozen=True, kw_only=True)
class Year:
    """Where somebody of the coach's group is: begun so many days ago, what is known, and how much is undone."""

    days: int
    behind: int
    anchors: Mapping[str, int] = field(default_factory=dict)  # days after the beginning
    conditions: Mapping[str, bool] = field(default_factory=dict)


TEAM = {
    "vera": Colleague(name="Demo Vera", roles=("volunteer",), languages=("nl", "en", "uk")),
    "sami": Colleague(name="Demo Sami", roles=("volunteer",), languages=("nl", "ar", "so")),
    "coby": Colleague(name="Demo Coby", roles=("coach",), languages=("nl", "en")),
    "nora": Colleague(name="Demo Nora", roles=("coordinator",), languages=("nl", "en", "fr"), all_teams=True),
    "bas": Colleague(name="Demo Bas", roles=("administrator",), languages=("nl",), all_teams=True),
    "olga": Colleague(name="Demo Olga", roles=("organiser",), languages=("nl",), organisation="Demo-buurthuis"),
}

NEWCOMERS = {
    "petro": Newcomer(name="Demo Petro", language="uk", asks="Як записатися на курс нідерландської мови?"),
    "karim": Newcomer(name="Demo Karim", language="ar", asks="أريد تسجيل ابنتي في المدرسة. ماذا أحتاج؟", coached=True),
    "amal": Newcomer(
        name="Demo Amal",
        language="ar",
        asks="السلام عليكم. وصلتني رسالة عن بدل الإيجار ولا أفهمها. هل يمكنكم مساعدتي؟",
        coached=True,
    ),
    "yonas": Newcomer(
        name="Demo Yonas",
        language="ti",
        asks="ሰላም። ደብዳበ ካብ ምምሕዳር ከተማ መጺኡኒ። ክሳብ ዓርቢ መልሲ ክህብ ኣለኒ። ክትሕግዙኒ ትኽእሉ ዶ?",
        coached=True,
    ),
    "hodan": Newcomer(
        name="Demo Hodan",
        language="so",
        asks="Salaan. Ilmahaygu wuxuu u baahan yahay dhakhtar. Xaggee ayaan iska diiwaangelin karaa?",
        coached=True,
    ),
    "oksana": Newcomer(
        name="Demo Oksana",
        language="uk",
        asks="Добрий день. Прийшов великий рахунок за воду. Чи можу я платити частинами?",
        coached=True,
    ),
    "lina": Newcomer(
        name="Demo Lina",
        language="nl",
        asks="Wij moeten vandaag het huis uit. Ik weet niet waar wij vannacht slapen.",
    ),
    "selam": Newcomer(name="Demo Selam", language="ti", asks="ሓኪም ኣበይ ክረክብ ይኽእል?"),
}

# What is said after the first question, by name of who says it and to whom.
VERA_TO_PETRO = "Добрий день! На курс вас записує муніципалітет. Зателефонуйте 14 010 і попросіть зустріч."
PETRO_THANKS = "Дякую, я зателефоную завтра."
SAMI_TO_KARIM = "أهلاً. نعم، نسجلها معاً. سأتصل بالمدرسة وأكتب لك غداً."
SAMI_TO_HODAN = "Salaan. Waxaan kaa caawinaynaa inaad hesho huisarts. Waa maxay magaca xaafaddaadu?"
VERA_TO_OKSANA = "Добрий день! Так, це можливо. Яка сума стоїть у рахунку?"
OKSANA_ANSWERS = "Там стоїть 240 євро. Мені треба заплатити до кінця місяця."
NOTE_ON_OKSANA = "Het waterbedrijf gebeld: betalen in drie termijnen kan. Ik wacht op het bedrag."

# The coach's group in their year. What is not told here stands open, for the coach to ask.
YEARS = {
    "karim": Year(
        days=75,
        behind=2,
        anchors={"housing_date": 3, "brp_date": 6, "permit_date": -40, "bijstand_application_date": 5},
        conditions={"has_children_4_17": True, "has_children_under_18": True, "rented_home": True, "low_income": True},
    ),
    "amal": Year(days=40, behind=1, anchors={"housing_date": 2, "brp_date": 5}, conditions={"rented_home": True}),
    "yonas": Year(days=110, behind=4, anchors={"housing_date": 1, "permit_date": -60}),
    "hodan": Year(days=24, behind=0, anchors={"housing_date": 0, "brp_date": 4}),
    "oksana": Year(days=12, behind=0),
}
SESSION = "Samen de post op volgorde leggen"
PLACE = "Bibliotheek, zaal 2 (verzonnen)"
