"""The speed of a player, learned from steps that are steady.

A step is what lies between two reports of a new position: how long it took on the clock, and how far the film moved.
A client reports every second or so, or every 10 or 20 s, and a poll sees its last report: so at a steady speed the
steps are either even, or each is a whole number of the client's intervals (a poll every 15 s sees one report, then
two). Skipping looks different: most steps are those of the slower speed, and some are longer by the skip.

What is no steady play (a seek, a pause, an outage) tells nothing of the speed, and makes nothing forgotten that was
seen before it: it is a break between two steps, (0, ms of film). The first advance after it belongs to it.
"""

from collections.abc import Iterator, Sequence

MAX_STEPS = 10
"""How many steps are remembered."""
STEP_MS = 8000
"""Steps are put together until they take at least this long; the report of a client is late by up to a second."""
_REPORTS = (20_000, 10_000)
"""How often clients report that do not report every second, ms."""
SLOWEST, FASTEST = 0.45, 2.1
"""Players offer 0.5 to 2; the rest is for reports that are not quite regular."""
ENOUGH_MS = 75_000
"""How much time the steps must take that tell a speed: who skips twice a minute does not look steady for so long."""
IN_A_ROW_MS = 50_000
"""How much of that without a break: between two breaks, skips twice a minute may look steady for nearly as long."""
SOON_MS = 45_000
"""How much is enough where there are many steps, and each tells the same: nobody skips as regularly as that."""
CHANCE_MS = 95_000
"""How long skips twice a minute may look steady by chance."""
CHANCES_MS = 150_000
"""The same with breaks between: after each pause the skips fall anew between the reports."""
SLOWER_SHARE = 0.9
"""A film that advances by less than this share of what its speed makes is slower, and not late."""
MANY_STEPS = 5
"""How many steps are many; in a row, one less is as good as IN_A_ROW_MS."""
FEW_NORMAL, MANY_OTHERS = 2, 3
"""How many single steps of normal speed, among those of a faster one, show that it is none; and how many others in a
row that it was changed."""
JITTER_MS = 1100
"""How far a step may be off what a client that reports every second shows."""
_REPORT_JITTER_S = 1.0
"""How far the reports of the others may be off their interval, seconds."""
_LATE_S = 20
"""How late a report may be, seconds."""
_SAME = 0.025
"""Speeds are the same that differ by no more than this share."""
_LAG_SHARE, _IN_PHASE_SHARE = 0.8, 1.1
"""How much of a client's interval the age of its last report may change by, in steps that one speed explains; and where
polls fall just when reports do: now before one, now after it."""

Step = tuple[int, int]
"""(ms on the clock, ms of film); a step of no time is a break."""
_OPEN_BREAK = -1
"""The time of a break after which the film has not advanced yet: that first advance began at no regular report."""


def add_step(steps: tuple[Step, ...], clock_ms: int, film_ms: int) -> tuple[Step, ...]:
    """Return the remembered steps with one more; a short one is put together with the one before."""
    if clock_ms <= 0 or not 0 < film_ms <= FASTEST * (clock_ms + _LATE_S * 1000):
        return add_break(steps, film_ms)
    if steps and (last := steps[-1])[0] < STEP_MS:
        if last[0] < 0:
            return (*steps[:-1], (0, last[1] + film_ms))
        if last[0] > 0:
            return (*steps[:-1], (last[0] + clock_ms, last[1] + film_ms))
    return (*_drop_oldest(steps, MAX_STEPS - 1), (clock_ms, film_ms))


def add_run(steps: tuple[Step, ...], count: int, clock_ms: int, film_ms: int) -> tuple[Step, ...]:
    """Return the remembered steps with a run of even ones, of which only the sums are known."""
    if not count:
        return steps
    count = max(1, min(count, clock_ms // STEP_MS))
    even = (clock_ms // count, film_ms // count)
    return _drop_oldest((*steps, *[even] * min(count, MAX_STEPS)), MAX_STEPS)


def may_run(steps: tuple[Step, ...]) -> bool:
    """Tell whether the next step is one by itself, and not put together with the last one."""
    return not steps or steps[-1][0] == 0 or steps[-1][0] >= STEP_MS


def add_break(steps: tuple[Step, ...], film_ms: int) -> tuple[Step, ...]:
    """Return the remembered steps with a break: the film is `film_ms` further, which tells nothing of its speed."""
    if not steps:
        return ()
    if steps[-1][0] <= 0:
        return (*steps[:-1], (_OPEN_BREAK, steps[-1][1] + film_ms))
    return (*steps, (_OPEN_BREAK, film_ms))


def _drop_oldest(steps: tuple[Step, ...], most: int) -> tuple[Step, ...]:
    """Return at most so many of the last steps, and what is between them, beginning with one that is no break."""
    if len(steps) <= most:
        return steps
    first, surplus = 0, count_steps(steps) - most
    while first < len(steps) and (surplus > 0 or steps[first][0] <= 0):
        surplus -= steps[first][0] > 0
        first += 1
    return steps[first:]


def count_steps(steps: Sequence[Step]) -> int:
    """Return how many steps there are without the breaks."""
    return sum(clock_ms > 0 for clock_ms, _ in steps)


def learn(steps: Sequence[Step], speed: float) -> tuple[float, Sequence[Step]] | None:
    """Return the speed that explains the last steps, and those steps; None where `speed` is to be believed on.

    `speed` is what was believed so far. It is given up where another speed explains all remembered steps, or else the
    last ones, of which the first and enough others are not explained by `speed`.
    """
    return _learn(steps, speed) or _learn(_break_at_seeks(steps, speed), speed)


def _learn(steps: Sequence[Step], speed: float) -> tuple[float, Sequence[Step]] | None:
    for first in range(len(steps) - 1):
        part = steps[first:]
        if first == 1 and _explains_most(_without_breaks(steps), speed):
            return None
        if part[0][0] <= 0:
            continue
        if first and (_fits(part[0], speed) or not _is_proof([step for step in part if not _fits(step, speed)])):
            continue
        if first and _are_few(part) and not all(_fits(step, speed) for step in _without_breaks(steps[:first])):
            continue  # some before it were odd as well: it may be chance that these are alike
        learned = _steady_speed(part) if _is_proof(part) else None
        if learned is not None and abs(learned - speed) > _SAME * speed:
            return learned, _extend_back(steps, first, learned)
    return None


def _break_at_seeks(steps: Sequence[Step], believed: float) -> Sequence[Step]:
    """Return the steps with a break for each that is odd among many of one speed: it had a short seek in it.

    None where an odd one is of the speed that is believed: then it is the only one without a skip in it.
    """
    played = _without_breaks(steps)
    if len(played) < MANY_STEPS:
        return ()
    speed = sorted(film_ms / clock_ms for clock_ms, film_ms in played)[len(played) // 2]
    if any(_fits(step, believed) and not _fits(step, speed) for step in played):
        return ()
    broken = [step if step[0] <= 0 or _fits(step, speed) else (0, step[1]) for step in steps]
    odd = sum(step[0] > 0 for step in steps) - count_steps(broken)
    return broken if 0 < 4 * odd <= len(played) else ()


def slowest_steady(steps: Sequence[Step], speed: float) -> float:
    """Return the speed at which the film ran lately, where that is slower than `speed`; at most 1.

    Less is enough here than to learn a speed, and seeks between the steps do no harm: no skipping makes a film look
    slow.
    """
    clock_ms, film_ms = total(_alike_lately(steps))
    known = film_ms / clock_ms if clock_ms >= IN_A_ROW_MS else speed
    return min(1.0, speed, max(SLOWEST, known))


def find_speed_unseen(steps: Sequence[Step], unseen: Step, speed: float) -> float:
    """Return the speed at which the film ran while nobody looked, where that is slower than `speed`; at most 1.

    The steps before it show it, fewer than else, if the film advanced by as much as they do: with their reports late.
    """
    lately = _alike_lately(steps)
    clock_ms, film_ms = total(lately)
    if clock_ms >= STEP_MS and clock_ms + unseen[0] >= IN_A_ROW_MS:
        known = film_ms / clock_ms
        late_ms = _LATE_S * 1000 if count_steps(lately) > 1 else JITTER_MS
        if known < SLOWER_SHARE and abs(unseen[1] - known * unseen[0]) <= known * late_ms:
            return min(speed, max(SLOWEST, known))
    return slowest_steady(steps, speed)


def learn_slow(steps: Sequence[Step], speed: float) -> tuple[float, Sequence[Step]] | None:
    """Return the speed at which the film ran lately, and those steps, where that is slower than `speed` and than 1."""
    known = slowest_steady(steps, speed)
    if known >= SLOWER_SHARE * min(1.0, speed):
        return None
    return known, _alike_lately(steps)


def _alike_lately(steps: Sequence[Step]) -> Sequence[Step]:
    """Return the last steps that are of one speed, with the breaks between them."""
    clock_ms = film_ms = 0
    first = len(steps)
    for at, step in reversed(list(enumerate(steps))):
        if step[0] > 0:
            clock_ms, film_ms = clock_ms + step[0], film_ms + step[1]
            if not _fits(step, film_ms / clock_ms):
                break
            first = at
    return steps[first:]


def _without_breaks(steps: Sequence[Step]) -> list[Step]:
    return [step for step in steps if step[0] > 0]


def tell_none_or_changed(steps: Sequence[Step], speed: float) -> tuple[bool, bool]:
    """Tell whether a faster speed was none, and whether it was one that was changed.

    It was none where single steps of normal speed are among those of it: what was longer had a skip in it. Several
    others in a row show that it was changed.
    """
    single, row, normal = 0, MANY_OTHERS, 0  # what comes before the first one of the faster speed tells nothing
    for step in _without_breaks(steps):
        if step[0] < STEP_MS:
            continue  # too short to tell
        if _shows(step, speed):
            single += normal if row < MANY_OTHERS else 0
            row = normal = 0
        else:
            row, normal = row + 1, normal + _shows(step, 1.0)
    return single >= FEW_NORMAL, row >= MANY_OTHERS


def is_steady_at(steps: Sequence[Step], speed: float) -> bool:
    """Tell whether all remembered steps are of a speed."""
    return count_steps(steps) == MAX_STEPS and all(_shows(step, speed) for step in _without_breaks(steps))


def _shows(step: Step, speed: float) -> bool:
    """Tell whether a player of this speed shows such a step, whatever interval it reports at."""
    return _fits(step, speed) or any(_fits_reports(step, speed, interval_ms) for interval_ms in _REPORTS)


def _explains_most(steps: Sequence[Step], speed: float) -> bool:
    """Tell whether most steps are of this speed, each by itself and all of them together: the others are skips."""
    own = [step for step in steps if _shows(step, speed)]
    clock_ms, film_ms = total(own)
    return 2 * len(own) > len(steps) and abs(film_ms - speed * clock_ms) <= speed * _LATE_S * 1000


def find_steps(steps: Sequence[Step], speed: float) -> Sequence[Step]:
    """Return the last steps that were of a speed, with reports late or not."""
    return _extend_back(steps, len(steps), speed)


def _extend_back(steps: Sequence[Step], first: int, speed: float) -> Sequence[Step]:
    """Return the steps from `first` on, and those before it that are of that speed too, with reports late or not."""
    ahead_ms = 0.0
    while first:
        clock_ms, film_ms = steps[first - 1]
        ahead_ms += film_ms - speed * clock_ms if clock_ms > 0 else 0
        if abs(ahead_ms) > speed * _LATE_S * 1000:
            break
        first -= 1
    return steps[first:]


def total(steps: Sequence[Step]) -> Step:
    """Return the sum of some steps, without the breaks between them."""
    played = _without_breaks(steps)
    return sum(clock_ms for clock_ms, _ in played), sum(film_ms for _, film_ms in played)


def stretches(steps: Sequence[Step], end_ms: int) -> Iterator[tuple[int, int]]:
    """Yield from where to where the film ran in the steps, the last of which ended at `end_ms`; the last first."""
    for clock_ms, film_ms in reversed(steps):
        if clock_ms > 0:
            yield end_ms - film_ms, end_ms
        end_ms -= film_ms


def _is_proof(steps: Sequence[Step]) -> bool:
    """Tell whether so many steps tell a speed, if they agree."""
    clock_ms, film_ms = total(steps)
    count, longest_ms = _longest_run(steps)
    if clock_ms >= SOON_MS and count >= MANY_STEPS:
        even = film_ms / clock_ms
        if all(_fits(step, even) for step in _without_breaks(steps)):
            return True
    in_a_row = longest_ms >= IN_A_ROW_MS or count >= MANY_STEPS - 1
    return in_a_row and count_steps(steps) >= 2 and clock_ms >= ENOUGH_MS


def _are_few(steps: Sequence[Step]) -> bool:
    """Tell whether somebody who skips twice a minute may by chance make as many steps alike."""
    count, longest_ms = _longest_run(steps)
    return count < MANY_STEPS and longest_ms < CHANCE_MS and total(steps)[0] < CHANCES_MS


def _longest_run(steps: Sequence[Step]) -> tuple[int, int]:
    """Return the most steps, and the longest time on the clock, between two breaks."""
    most = count = longest_ms = run_ms = 0
    for clock_ms, _ in steps:
        count, run_ms = (count + 1, run_ms + clock_ms) if clock_ms > 0 else (0, 0)
        most, longest_ms = max(most, count), max(longest_ms, run_ms)
    return most, longest_ms


def _fits(step: Step, speed: float) -> bool:
    clock_ms, film_ms = step
    return abs(film_ms - speed * clock_ms) <= speed * JITTER_MS


def _steady_speed(steps: Sequence[Step]) -> float | None:
    """Return the one speed at which all steps were played; None where there is none."""
    clock_ms, film_ms = total(steps)
    even = film_ms / clock_ms
    if SLOWEST <= even <= FASTEST and all(_fits(step, even) for step in _without_breaks(steps)):
        return even
    for interval_ms in _REPORTS:
        if speed := _speed_of_reports(steps, interval_ms):
            return speed
    return None


def _speed_of_reports(steps: Sequence[Step], interval_ms: int) -> float | None:
    """Return the speed of a client that reports at this interval, where each step is a number of its reports."""
    clock_ms, film_ms = total(steps)
    least = max(count_steps(steps), -(-clock_ms // interval_ms) - 1)
    for reports in range(least, clock_ms // interval_ms + 2):
        speed = film_ms / (reports * interval_ms)
        if SLOWEST <= speed <= FASTEST and _are_reports(steps, interval_ms, speed):
            return speed
    return None


def _are_reports(steps: Sequence[Step], interval_ms: int, speed: float) -> bool:
    """Tell whether a client that reports at this interval shows these steps at this speed."""
    if not all(_fits_reports(step, speed, interval_ms) for step in _without_breaks(steps)):
        return False
    age_ms = least_ms = most_ms = 0
    in_phase = is_late = False
    for clock_ms, film_ms in steps:
        if clock_ms <= 0:
            age_ms = least_ms = most_ms = 0
            continue
        reports = round(film_ms / (speed * interval_ms))
        whole = _whole_reports(clock_ms, interval_ms)
        in_phase, is_late = in_phase or reports > whole > 0, is_late or reports < whole
        age_ms += clock_ms - reports * interval_ms
        least_ms, most_ms = min(least_ms, age_ms), max(most_ms, age_ms)
    if is_late and not in_phase:
        return False  # what was late is never caught up
    return most_ms - least_ms <= (_IN_PHASE_SHARE if in_phase else _LAG_SHARE) * interval_ms


def _whole_reports(clock_ms: int, interval_ms: int) -> int:
    """Return how many reports take so long; 0 where that is no whole number of them."""
    whole = round(clock_ms / interval_ms)
    return whole if abs(clock_ms - whole * interval_ms) <= JITTER_MS else 0


def _fits_reports(step: Step, speed: float, interval_ms: int) -> bool:
    """Tell whether a step is a whole number of reports, and that number one that its time can have.

    Polls that fall just when reports do see two of them at once now and then, after none.
    """
    clock_ms, film_ms = step
    reports = round(film_ms / (speed * interval_ms))
    if reports < 1 or abs(film_ms - reports * interval_ms * speed) > speed * _REPORT_JITTER_S * 1000:
        return False
    if whole := _whole_reports(clock_ms, interval_ms):
        return reports in (whole, whole - 1) or (whole == 1 and reports == 2)
    return abs(reports - clock_ms / interval_ms) < 1
