"""English words for times."""

from wording.times.phrase import DAY, HOUR, DayPart, Which
from wording.times.vocabulary.language import Vocabulary, with_beginnings

_WEEKDAYS = {
    name: number
    for number, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
         "december"), 1,
    )
}  # fmt: skip
_NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip

ENGLISH = Vocabulary(
    days={
        "today": 0,
        "tomorrow": 1,
        "tmrw": 1,
        "tmr": 1,
        "the day after tomorrow": 2,
        "day after tomorrow": 2,
        "overmorrow": 2,
        "yesterday": -1,
        "a week today": 7,
        "a week tomorrow": 8,
    },
    days_with_part={
        "tonight": (0, DayPart.EVENING),
        "tonite": (0, DayPart.EVENING),
        "this morning": (0, DayPart.MORNING),
        "this afternoon": (0, DayPart.AFTERNOON),
        "this evening": (0, DayPart.EVENING),
        "last night": (-1, DayPart.EVENING),
    },
    weekdays={
        **with_beginnings(_WEEKDAYS, (3, 4, 5)),
        "weds": 2,
        **{f"{name}s": number for name, number in _WEEKDAYS.items()},
    },
    months={**with_beginnings(_MONTHS, (3, 4)), "sept": 9},
    parts={
        "morning": DayPart.MORNING,
        "in the morning": DayPart.MORNING,
        "afternoon": DayPart.AFTERNOON,
        "in the afternoon": DayPart.AFTERNOON,
        "evening": DayPart.EVENING,
        "in the evening": DayPart.EVENING,
        "night": DayPart.NIGHT,
        "at night": DayPart.NIGHT,
    },
    named_days={
        "christmas eve": (12, 24),
        "christmas day": (12, 25),
        "christmas": (12, 25),
        "xmas eve": (12, 24),
        "xmas day": (12, 25),
        "xmas": (12, 25),
        "boxing day": (12, 26),
        "new year's eve": (12, 31),
        "new years eve": (12, 31),
        "nye": (12, 31),
        "new year's day": (1, 1),
        "new years day": (1, 1),
        "halloween": (10, 31),
        "valentine's day": (2, 14),
        "valentines day": (2, 14),
    },
    noon=frozenset({"noon", "midday", "12 noon", "12:00 noon", "high noon"}),
    midnight=frozenset({"midnight", "12 midnight", "12:00 midnight"}),
    numbers={
        **{word: float(number) for number, word in enumerate(_NUMBERS)},
        "thirty": 30.0,
        "forty": 40.0,
        "ninety": 90.0,
        "twenty five": 25.0,
        "twenty-five": 25.0,
        "a": 1.0,
        "an": 1.0,
        "half an": 0.5,
        "half a": 0.5,
        "a couple of": 2.0,
        "a couple": 2.0,
        "one and a half": 1.5,
        "two and a half": 2.5,
    },
    units={
        **dict.fromkeys(("minute", "minutes", "min", "mins"), 1),
        **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), HOUR),
        **dict.fromkeys(("day", "days", "d"), DAY),
        **dict.fromkeys(("week", "weeks"), 7 * DAY),
        **dict.fromkeys(("fortnight",), 14 * DAY),
    },
    which={
        "next": Which.NEXT,
        "this": Which.THIS,
        "coming": Which.FIRST_AFTER,
        "the coming": Which.FIRST_AFTER,
        "this coming": Which.FIRST_AFTER,
        "upcoming": Which.FIRST_AFTER,
    },
    which_after={
        "next week": Which.NEXT_WEEK,
        "of next week": Which.NEXT_WEEK,
        "this week": Which.THIS,
        "after next": Which.AFTER_NEXT,
    },
    ahead=frozenset({"in", "within"}),
    ahead_after=frozenset({"from now"}),
    weeks_from=frozenset({"from", "after"}),
    ordinal_endings=("st", "nd", "rd", "th", "."),
    oclock=frozenset({"oclock", "hours", "hrs"}),
    past=frozenset({"past", "after"}),
    to=frozenset({"to", "before", "till"}),
    half={"half past": 30, "half": 30},
    quarters={},
    quarter=frozenset({"quarter", "a quarter"}),
    at=frozenset({"at"}),
    fillers=frozenset({"on", "at", "the", "of", "starting", "from", "around", "about", "sharp"}),
    joiners=frozenset({"and"}),
    half_more=frozenset({"and a half"}),
)
