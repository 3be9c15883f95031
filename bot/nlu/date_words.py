"""The words dates are said with, in every language at once; month and weekday names come from Babel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeVar

from bot.nlu.text import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Unit = Literal["day", "week", "month", "year"]
Phrase = tuple[str, ...]
Meaning = TypeVar("Meaning")

# A Syrian says شباط, an Algerian فيفري and an Egyptian فبراير for February.
_LOCALES: Mapping[str, tuple[str, ...]] = {
    "nl": ("nl",),
    "en": ("en",),
    "ar": ("ar", "ar_SY", "ar_DZ", "ar_MA"),
    "ti": ("ti",),
    "fa": ("fa", "fa_AF"),
    "tr": ("tr",),
    "uk": ("uk",),
    "so": ("so",),
    "fr": ("fr",),
}

# What Babel does not have: other spellings, names said without the article, English names in Ge'ez, Russian.
_MORE_MONTHS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "nl": ((), (), ("mrt",), (), (), (), (), (), ("sept",), (), (), ()),
    "en": ((), (), (), (), (), (), (), (), ("sept",), (), (), ()),
    "ar": (
        ("كانون ثاني", "yanayer"),
        ("شباط", "febrayer"),
        ("اذار",),
        ("نيسان", "ابريل"),
        ("ايار",),
        ("حزيران", "yonyo"),
        ("تموز", "yolyo"),
        ("اب", "اغسطس"),
        ("ايلول",),
        ("تشرين اول", "اكتوبر"),
        ("تشرين ثاني",),
        ("كانون اول",),
    ),
    "ti": (
        ("ጃንዋሪ", "ጃንዩወሪ"),
        ("ፌብሩዋሪ", "ፌብርዋሪ"),
        ("ማርች",),
        ("ኤፕሪል", "ኣፕሪል", "ምያዝያ"),
        ("ሜይ", "ግንቦት"),
        ("ጁን", "ሰኔ"),
        ("ጁላይ",),
        ("ኦገስት", "ነሓሴ"),
        ("ሴፕቴምበር", "ሰፕተምበር"),
        ("ኦክቶበር", "ጥቅምት"),
        ("ኖቬምበር", "ኖቨምበር", "ህዳር"),
        ("ዲሴምበር", "ደሰምበር", "ታሕሳስ"),
    ),
    "fa": ((), (), (), ("اپريل",), ("مئی",), ("جون",), ("جولای",), ("آگوست",), (), ("اکتوبر",), (), ()),
    "uk": (
        ("января", "январь"),
        ("февраля", "февраль"),
        ("марта", "март"),
        ("апреля", "апрель"),
        ("мая", "май"),
        ("июня", "июнь"),
        ("июля", "июль"),
        ("августа", "август"),
        ("сентября", "сентябрь"),
        ("октября", "октябрь"),
        ("ноября", "ноябрь"),
        ("декабря", "декабрь"),
    ),
    "so": (
        ("janaayo", "jannayo"),
        ("febraayo", "feebarwari"),
        ("maarso", "maarsi"),
        ("abriil",),
        ("meey",),
        ("juun", "juunyo"),
        ("luulyo",),
        ("ogos", "ogost"),
        ("sebtember",),
        ("oktober", "oktoobar"),
        ("nofember", "nofeembar"),
        ("disember", "diseembar"),
    ),
}

# Monday first, as date.weekday() counts.
_MORE_WEEKDAYS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "ar": (
        ("الاتنين", "اثنين", "etnein"),
        ("ثلاثاء", "التلات", "talata"),
        ("اربعاء", "الاربعا", "arbe3a"),
        ("خميس", "khamis"),
        ("جمعة", "jom3a"),
        ("سبت", "sabt"),
        ("احد", "الحد"),
    ),
    "ti": (("ሰኑይ", "ሶኑይ"), ("ሰሉስ", "ሠሉስ"), ("ሮቡዕ", "ረቡዕ"), ("ሓሙስ",), ("ዓርቢ",), ("ቀዳም", "ቀዳመ"), ("ሰንበት",)),
    "fa": (("دو شنبه",), ("سه شنبه",), ("چهار شنبه",), ("پنج شنبه",), (), (), ("یک شنبه",)),
    "uk": (
        ("понедельник",),
        ("вторник",),
        ("середу", "среда", "среду"),
        ("четверг",),
        ("п'ятницю", "пятниця", "пятницю", "пятница", "пятницу"),
        ("суботу", "суббота", "субботу"),
        ("неділю", "воскресенье"),
    ),
    "so": ((), ("salaasa",), ("arbaca", "arbaca'"), ("khamis",), ("jimce", "jimca"), ("sabti",), ("axad",)),
}

# Too short to look for inside a sentence ("do", "wed"): only when they are the whole message.
_SHORT_WEEKDAYS: Mapping[str, int] = {
    **dict(zip(("ma", "di", "wo", "do", "vr", "za", "zo"), range(7), strict=True)),
    **dict(zip(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), range(7), strict=True)),
}

_DAYS_AWAY: Mapping[int, str] = {
    -2: "eergisteren, the day before yesterday, day before yesterday, أول أمس, اول امبارح, قبل امس, "
    "ቅድሚ ትማሊ, ቅድሚ ትማል, "
    "پریروز, پریروز, evvelsi gün, evvelki gün, позавчора, позавчера, dorraad, avant-hier, avant hier",
    -1: "gisteren, gister, gisteravond, yesterday, أمس, البارحة, مبارح, امبارح, امبارحة, embareh, "
    "mbare7, mbareh, ትማሊ, ትማል, "
    "tmali, timali, دیروز, دیشب, diruz, dirooz, dün, вчора, вчера, shalay, shaley, hier",
    0: "vandaag, vanochtend, vanmiddag, vanavond, today, tonight, this morning, اليوم, النهارده, هلا, "
    "الليلة, alyoum, elyom, "
    "lyom, ሎሚ, ሎምዓንቲ, ሎሚ መዓልቲ, lomi, امروز, emruz, emrooz, bugün, bu gün, сьогодні, сегодня, maanta, "
    "aujourd'hui, aujourdhui",
    1: "morgen, morgenochtend, tomorrow, tmrw, غدا, غداً, بكرة, بكرا, بكره, bukra, bokra, boukra, ጽባሕ, "
    "ንጽባሕ, tsbah, tsbaH, "
    "فردا, farda, yarın, завтра, berri, berrito, demain",
    2: "overmorgen, the day after tomorrow, day after tomorrow, بعد غد, بعد بكرة, بعد بكرا, ድሕሪ ጽባሕ, "
    "پس فردا, پسفردا, "
    "öbür gün, yarından sonra, післязавтра, послезавтра, saadambe, saa dambe, après-demain, après demain",
    7: "haftaya",
}

_UNITS: Mapping[Unit, str] = {
    "day": "dag, dagen, day, days, يوم, ايام, أيام, يوما, መዓልቲ, መዓልታት, روز, روزه, gün, дні, днів, день, "
    "дня, дней, "
    "maalin, maalmood, maalmo, beri, jour, jours",
    "week": "week, weken, weekje, weeks, أسبوع, اسبوع, أسابيع, اسبوعا, ሰሙን, ሰሙናት, ሳምንቲ, هفته, hafta, "
    "тиждень, тижні, тижнів, "
    "тижня, тижні, неделю, недели, недель, неделя, toddobaad, todobaad, usbuuc, isbuuc, asbuuc, "
    "semaine, semaines",
    "month": "maand, maanden, maandje, month, months, شهر, أشهر, شهور, شهرا, ወርሒ, ኣዋርሕ, አዋርሕ, ماه, ay, "
    "місяць, місяці, місяців, "
    "місяця, месяц, месяца, месяцев, bil, bilood, mois",
    "year": "jaar, jaren, year, years, سنة, سنوات, سنين, عام, أعوام, ዓመት, ዓመታት, سال, yıl, sene, рік, "
    "роки, років, року, год, "
    "года, лет, sano, sannad, sanado, sanadood, an, ans, année, années",
}
# Arabic says two of a thing in one word.
_PAIRS: Mapping[Unit, str] = {
    "day": "يومين",
    "week": "أسبوعين, اسبوعين",
    "month": "شهرين",
    "year": "سنتين, عامين",
}

_AGO = (
    "geleden, terug, sinds, ago, since, قبل, منذ, من, ቅድሚ, پیش, önce, evvel, тому, назад, ka hor, kahor, il y a, depuis"
)
_AHEAD = (
    "over, binnen, in, within, from now, later, بعد, خلال, ድሕሪ, ኣብ ውሽጢ, دیگر, دیگه, sonra, içinde, "
    "через, за, kadib, ka dib, "
    "kaddib, gudahood, dans"
)
_LAST = (
    "vorige, vorig, afgelopen, laatste, verleden, last, past, previous, الماضي, الماضية, الفائت, "
    "الفائتة, اللي فات, اللي فاتت, "
    "ዝሓለፈ, ዝሓለፈት, ዝሓለፋ, گذشته, پیش, قبل, geçen, geçtiğimiz, önceki, минулий, минулого, минула, минулої, "
    "минулу, минулому, "
    "прошлый, прошлая, прошлую, прошлой, прошлого, прошлом, la soo dhaafay, soo dhaafay, hore, dernier, "
    "dernière, passé, passée"
)
_NEXT = (
    "volgende, volgend, aanstaande, komende, komend, next, coming, القادم, القادمة, الجاي, الجاية, "
    "الجايه, المقبل, المقبلة, "
    "ዝመጽእ, ዝመጽእ ዘሎ, ትመጽእ, آینده, بعد, بعدی, gelecek, önümüzdeki, наступний, наступного, наступна, "
    "наступної, наступну, "
    "следующий, следующая, следующую, следующей, следующего, soo socda, soo socota, prochain, prochaine"
)
_ONE = "een, één, 1, a, an, one, واحد, ሓደ, ሓንቲ, یک, bir, один, одну, одна, hal, un, une"


@dataclass(frozen=True, kw_only=True)
class DateWords:
    """Every phrase as folded words, each with its meaning; months 1–12, weekdays 0–6 from Monday."""

    months: Mapping[str, Mapping[Phrase, int]]
    weekdays: Mapping[str, Mapping[Phrase, int]]
    short_weekdays: Mapping[Phrase, int]
    days_away: Mapping[Phrase, int]
    units: Mapping[Phrase, Unit]
    pairs: Mapping[Phrase, Unit]
    ago: frozenset[Phrase]
    ahead: frozenset[Phrase]
    last: frozenset[Phrase]
    next: frozenset[Phrase]
    one: frozenset[Phrase]


def phrases(listed: str) -> Iterator[Phrase]:
    """Yield the comma-separated phrases of a table as folded words."""
    for phrase in listed.split(","):
        if words := words_of(phrase):
            yield words


def _by_meaning(table: Mapping[Meaning, str]) -> dict[Phrase, Meaning]:
    return {phrase: meaning for meaning, listed in table.items() for phrase in phrases(listed)}


def _named(names: Iterable[tuple[int, str]], more: Iterable[Iterable[str]], *, first: int) -> dict[Phrase, int]:
    named = {words: number for number, name in names if (words := words_of(name))}
    for number, others in enumerate(more, start=first):
        named.update((words, number) for name in others if (words := words_of(name)))
    return named


@cache
def date_words() -> DateWords:
    """Return the words of all languages; the first call reads Babel's locale data."""
    from babel import Locale

    months: dict[str, Mapping[Phrase, int]] = {}
    weekdays: dict[str, Mapping[Phrase, int]] = {}
    for language, locales in _LOCALES.items():
        month_names: list[tuple[int, str]] = []
        day_names: list[tuple[int, str]] = []
        for locale in map(Locale.parse, locales):
            for context, width in (("stand-alone", "wide"), ("format", "abbreviated"), ("format", "wide")):
                month_names += locale.months[context][width].items()
            for context in ("stand-alone", "format"):
                day_names += locale.days[context]["wide"].items()
        months[language] = _named(month_names, _MORE_MONTHS.get(language, ()), first=1)
        weekdays[language] = _named(day_names, _MORE_WEEKDAYS.get(language, ()), first=0)
    return DateWords(
        months=months,
        weekdays=weekdays,
        short_weekdays={(name,): weekday for name, weekday in _SHORT_WEEKDAYS.items()},
        days_away=_by_meaning(_DAYS_AWAY),
        units=_by_meaning(_UNITS),
        pairs=_by_meaning(_PAIRS),
        ago=frozenset(phrases(_AGO)),
        ahead=frozenset(phrases(_AHEAD)),
        last=frozenset(phrases(_LAST)),
        next=frozenset(phrases(_NEXT)),
        one=frozenset(phrases(_ONE)),
    )
