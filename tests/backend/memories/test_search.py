"""Searching by meaning, with a server of embeddings that comes, goes and errs."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from backend.memories import embedder, search
from tests.backend.apps import DEAD, BuildApp
from tests.backend.memories.embedding_server import EmbeddingServer, embedding_server
from tests.backend.memories.test_routes import add, listed, told
from tests.processes import until


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with embedding_server() as server:
        yield server


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test is about how quick a busy machine is, unless it says so."""
    monkeypatch.setattr(search, "EMBED_IN_A_TURN_S", 20.0)
    monkeypatch.setattr(search, "EMBED_FOR_A_PAGE_S", 20.0)
    monkeypatch.setattr(search, "REST_S", 0.0)
    monkeypatch.setattr(embedder, "FIRST_PAUSE_S", 0.05)


def embedded(server: EmbeddingServer, *texts: str, model: str = "toy") -> Callable[[], bool]:
    return lambda: set(texts) <= {t for m, asked in server.asked for t in asked if m == model}


def test_memories_are_found_by_what_they_mean(build_app: BuildApp, server: EmbeddingServer) -> None:
    with TestClient(build_app(llm_url=server.url, embeddings_model="toy")) as client:
        add(client, "Rex is a puppy")
        add(client, "Prefers tea")
        until(lambda: told(client, "which pet?") == ["Rex is a puppy"])
        until(lambda: told(client, "a beverage") == ["Prefers tea"])
        assert listed(client, q="which pet?") == ["Rex is a puppy"]
        assert told(client, "zzz") == []


def test_a_changed_text_is_found_by_its_new_meaning(
    build_app: BuildApp, server: EmbeddingServer
) -> None:
    with TestClient(build_app(llm_url=server.url, embeddings_model="toy")) as client:
        memory = add(client, "Rex is a puppy")
        until(lambda: bool(told(client, "which pet?")))
        client.patch(f"/api/memories/{memory['id']}", json={"text": "Prefers tea"})
        assert told(client, "which pet?") == []
        until(lambda: told(client, "a beverage") == ["Prefers tea"])


def test_the_server_is_given_its_key(build_app: BuildApp, server: EmbeddingServer) -> None:
    server.key = "k" * 40
    settings = {"llm_url": server.url, "embeddings_model": "toy", "llm_api_key": server.key}
    with TestClient(build_app(**settings)) as client:
        add(client, "Rex is a puppy")
        until(lambda: told(client, "which pet?") == ["Rex is a puppy"])


@pytest.mark.parametrize("status", [503, 401, 404])
def test_words_find_what_has_no_embedding_yet(
    build_app: BuildApp, server: EmbeddingServer, status: int
) -> None:
    server.status = status
    with TestClient(build_app(llm_url=server.url, embeddings_model="toy")) as client:
        add(client, "Rex is a puppy")
        until(lambda: bool(server.asked))
        assert told(client, "puppy") == ["Rex is a puppy"]
        server.status = 200
        until(lambda: told(client, "which pet?") == ["Rex is a puppy"])


@pytest.mark.parametrize("numbers", [0, 9_000])
def test_an_answer_that_makes_no_sense_is_no_answer(
    build_app: BuildApp, server: EmbeddingServer, numbers: int
) -> None:
    server.numbers = numbers
    with TestClient(build_app(llm_url=server.url, embeddings_model="toy")) as client:
        add(client, "Rex is a puppy")
        until(embedded(server, "Rex is a puppy"))
        assert told(client, "which pet?") == []
        assert told(client, "puppy") == ["Rex is a puppy"]


def test_without_the_server_words_are_enough(build_app: BuildApp) -> None:
    with TestClient(build_app(llm_url=DEAD, embeddings_model="toy")) as client:
        add(client, "Rex is a puppy")
        assert told(client, "puppy") == ["Rex is a puppy"]


def test_a_server_that_is_late_is_not_waited_for(
    build_app: BuildApp, server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TestClient(build_app(llm_url=server.url, embeddings_model="toy")) as client:
        add(client, "Rex is a puppy")
        until(lambda: bool(told(client, "which pet?")))
        monkeypatch.setattr(search, "EMBED_IN_A_TURN_S", 0.025)
        server.held.clear()
        assert told(client, "which pet?") == []
        assert told(client, "puppy") == ["Rex is a puppy"]


def test_another_model_embeds_everything_anew(build_app: BuildApp, server: EmbeddingServer) -> None:
    with TestClient(build_app(llm_url=server.url, embeddings_model="toy")) as client:
        add(client, "Rex is a puppy")
        until(lambda: bool(told(client, "which pet?")))
    server.numbers = 12
    with TestClient(build_app(llm_url=server.url, embeddings_model="larger")) as client:
        until(lambda: told(client, "which pet?") == ["Rex is a puppy"])
        assert embedded(server, "Rex is a puppy", model="larger")()


def test_one_text_that_is_refused_costs_no_other(
    build_app: BuildApp, server: EmbeddingServer
) -> None:
    server.refused = "endless"
    server.held.clear()
    with TestClient(build_app(llm_url=server.url, embeddings_model="toy")) as client:
        add(client, "An endless puppy")
        until(embedded(server, "An endless puppy"))
        add(client, "Rex is a puppy")
        add(client, "Prefers tea")
        server.held.set()
        until(lambda: told(client, "which pet?") == ["Rex is a puppy"])
        asked = len(server.asked)
        add(client, "Lives in Lyon")
        until(lambda: told(client, "which town?") == ["Lives in Lyon"])
        # It is not asked for again and again.
        again = [texts for _, texts in server.asked[asked:] if "An endless puppy" in texts]
        assert again == []
