"""German words for times."""

from wording.times.phrase import DAY, HOUR, DayPart, Which
from wording.times.vocabulary.language import Vocabulary, with_beginnings

_WEEKDAYS = {
    name: number
    for number, name in enumerate(
        ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag", "sonnabend")
    )
}
_WEEKDAYS["sonnabend"] = _WEEKDAYS["samstag"]
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "september", "oktober", "november",
         "dezember"), 1,
    )
}  # fmt: skip
_NUMBERS = (
    "null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
    "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn", "zwanzig", "einundzwanzig",
    "zweiundzwanzig", "dreiundzwanzig", "vierundzwanzig", "fünfundzwanzig",
)  # fmt: skip
_PARTS = {
    "früh": DayPart.MORNING,
    "morgen": DayPart.MORNING,
    "morgens": DayPart.MORNING,
    "am morgen": DayPart.MORNING,
    "vormittag": DayPart.MORNING,
    "vormittags": DayPart.MORNING,
    "am vormittag": DayPart.MORNING,
    "nachmittag": DayPart.AFTERNOON,
    "nachmittags": DayPart.AFTERNOON,
    "am nachmittag": DayPart.AFTERNOON,
    "abend": DayPart.EVENING,
    "abends": DayPart.EVENING,
    "am abend": DayPart.EVENING,
    "nacht": DayPart.NIGHT,
    "nachts": DayPart.NIGHT,
    "in der nacht": DayPart.NIGHT,
    "in der früh": DayPart.MORNING,
}
COMPOUND_PARTS = ("abend", "abends", "nacht", "nachmittag", "vormittag", "morgen", "mittag")
"""Parts of the day that form one word with a weekday: Freitagabend."""


def _in_all_cases(stem: str, which: Which) -> dict[str, Which]:
    return {
        f"{article}{stem}{ending}": which
        for article in ("", "den ", "am ", "der ", "dem ")
        for ending in ("en", "er", "e", "em")
    }


GERMAN = Vocabulary(
    days={
        "heute": 0,
        "morgen": 1,
        "übermorgen": 2,
        "uebermorgen": 2,
        "überübermorgen": 3,
        "gestern": -1,
        "vorgestern": -2,
        "heute in einer woche": 7,
        "heute in acht tagen": 7,
        "in acht tagen": 7,  # means a week to most people
        "in 8 tagen": 7,
        "morgen in einer woche": 8,
        "morgen in acht tagen": 8,
        "heute in zwei wochen": 14,
        "heute in vierzehn tagen": 14,
    },
    days_with_part={
        "heut abend": (0, DayPart.EVENING),
        "heute früh": (0, DayPart.MORNING),
        "gestern abend": (-1, DayPart.EVENING),
    },
    weekdays={
        **with_beginnings(_WEEKDAYS, (2, 3, 4)),
        "so": 6,
        "son": 6,
        "sonn": 6,
        **{f"{name}s": number for name, number in _WEEKDAYS.items()},
    },
    months={**with_beginnings(_MONTHS, (3, 4)), "jänner": 1, "mrz": 3, "maerz": 3, "sept": 9},
    parts=_PARTS,
    named_days={
        "heiligabend": (12, 24),
        "heiliger abend": (12, 24),
        "weihnachten": (12, 25),
        "silvester": (12, 31),
        "neujahr": (1, 1),
        "nikolaus": (12, 6),
        **{
            f"{number} {name}": (12, day)
            for day, numbers in ((25, ("1.", "erster", "ersten")), (26, ("2.", "zweiter", "zweiten")))
            for number in numbers
            for name in ("weihnachtstag", "weihnachtsfeiertag")
        },
    },
    noon=frozenset({"mittags", "mittag", "12 uhr mittags", "am mittag"}),
    midnight=frozenset({"mitternacht", "um mitternacht"}),
    numbers={
        **{word: float(number) for number, word in enumerate(_NUMBERS)},
        "ein": 1.0,
        "eine": 1.0,
        "einer": 1.0,
        "einem": 1.0,
        **dict.fromkeys(("ner", "'ner", "nem", "'nem"), 1.0),
        "zwo": 2.0,
        "fuenf": 5.0,
        "zwoelf": 12.0,
        "dreißig": 30.0,
        "dreissig": 30.0,
        "fünfundvierzig": 45.0,
        "neunzig": 90.0,
        "einer halben": 0.5,
        "ner halben": 0.5,
        "einer viertel": 0.25,
        "einer dreiviertel": 0.75,
        "anderthalb": 1.5,
        "eineinhalb": 1.5,
        "zweieinhalb": 2.5,
    },
    units={
        **dict.fromkeys(("minute", "minuten", "min"), 1),
        **dict.fromkeys(("stunde", "stunden", "std", "h"), HOUR),
        "viertelstunde": 15,
        "dreiviertelstunde": 45,
        **dict.fromkeys(("tag", "tage", "tagen"), DAY),
        **dict.fromkeys(("woche", "wochen"), 7 * DAY),
    },
    which={
        **_in_all_cases("nächst", Which.NEXT),
        **_in_all_cases("naechst", Which.NEXT),
        **_in_all_cases("kommend", Which.FIRST_AFTER),
        **_in_all_cases("dies", Which.THIS),
        **_in_all_cases("übernächst", Which.AFTER_NEXT),
    },
    which_after={
        "nächste woche": Which.NEXT_WEEK,
        "kommende woche": Which.NEXT_WEEK,
        "in der nächsten woche": Which.NEXT_WEEK,
        "diese woche": Which.THIS,
    },
    ahead=frozenset({"in"}),
    ahead_after=frozenset({"ab jetzt"}),
    weeks_from=frozenset({"ab"}),
    ordinal_endings=(".",),
    oclock=frozenset({"uhr"}),
    past=frozenset({"nach"}),
    to=frozenset({"vor"}),
    half={"halb": -30},
    quarters={"viertel": -45, "dreiviertel": -15},
    quarter=frozenset({"viertel"}),
    at=frozenset({"um", "gegen", "ab"}),
    fillers=frozenset(
        {"punkt", "pünktlich", "ca", "circa", "etwa", "am", "um", "gegen", "ab", "im", "den", "der", "dem"}
    ),
    before_at=frozenset({"so"}),
    joiners=frozenset({"und"}),
)
