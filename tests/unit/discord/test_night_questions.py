"""What is asked back before a night is planned."""

from actors.chat.discord.core.state import ViewerIdentity
from actors.chat.discord.features.film_night import NightChoice, NightQuestion, NightQuestions
from actors.chat.discord.features.film_night.night_questions import MOST_STORED
from tests.unit.discord import samples
from tests.unit.discord.memory_store import MemoryStore
from wording.titles import is_film_name

CHOICES = (NightChoice(samples.item(), 1_800_000_000.0), NightChoice(samples.item("Nosferatu"), 1_800_000_000.0))


async def test_a_question_is_answered_once(memory_store: MemoryStore) -> None:
    """By the press that comes first; where that could not be done, it waits again."""
    questions = NightQuestions(memory_store.open("night_questions", NightQuestion))
    key = questions.ask("7", CHOICES)
    question = questions.take(key)
    assert question == NightQuestion("7", CHOICES) and questions.take(key) is None
    questions.put_back(key, question)
    assert questions.take(key) == question


async def test_questions_are_forgotten_with_their_asker_and_the_oldest_beyond_the_limit(
    memory_store: MemoryStore,
) -> None:
    """They do not pile up."""
    questions = NightQuestions(memory_store.open("night_questions", NightQuestion))
    keys = [questions.ask("7" if n % 2 else "8", CHOICES) for n in range(MOST_STORED + 3)]
    assert [questions.take(key) is None for key in keys[:4]] == [True, True, True, False]
    questions.forget(ViewerIdentity({"7"}, set()))
    assert questions.take(keys[5]) is None and questions.take(keys[6]) is not None


def test_a_film_is_named_by_its_title_with_or_without_its_year() -> None:
    """Accents, case and punctuation aside; what only resembles it does not name it."""
    film = samples.item("Amélie: L'été", year=2001)
    for typed in ("amelie lete", "AMÉLIE – L’ÉTÉ", "Amélie: L'été (2001)", "amelie: l'ete 2001"):
        assert is_film_name(typed, film)
    for typed in ("amelie", "amelie lete 2002", "amelie lete dec 24", ""):
        assert not is_film_name(typed, film)
