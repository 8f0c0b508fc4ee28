"""The embedded assistant behind the engine's seam."""

from collections.abc import AsyncGenerator

import pytest

from chassis.errors import InvalidRequest
from inference.llm.assist import MODEL, STANDBY_MODEL, AssistEngine
from inference.llm.engine import Chat, Completion, Delta, Finish, Message, Sampling, TextDelta

NOTICE = "My main model is away"


def chat(*texts: str) -> Chat:
    """User and assistant take turns, the user begins."""
    roles = ["user", "assistant"] * len(texts)
    return Chat(
        messages=tuple(
            Message(role=role, text=text)  # type: ignore[arg-type]  # one of two literals
            for role, text in zip(roles, texts, strict=False)
        )
    )


async def said(deltas: AsyncGenerator[Delta]) -> str:
    return "".join([delta.text async for delta in deltas if isinstance(delta, TextDelta)])


async def test_by_itself_it_speaks_of_no_other_model() -> None:
    with AssistEngine(timezone=None) as engine:
        await engine.infer()
        assert engine.model == MODEL
        assert await said(engine.chat(chat("what is two plus two"))) == "Two plus two is 4."


async def test_standing_in_it_says_so_until_it_has_been_said() -> None:
    with AssistEngine(timezone=None, standing_in=True) as engine:
        assert engine.model == STANDBY_MODEL
        first = await said(engine.chat(chat("what is two plus two")))
        assert first.startswith(NOTICE)
        assert first.endswith("Two plus two is 4.")
        second = await said(engine.chat(chat("what is two plus two", first, "and times three")))
        assert second == "Four times three is 12."


async def test_a_notice_cut_short_by_an_interruption_counts_as_said() -> None:
    with AssistEngine(timezone=None, standing_in=True) as engine:
        again = await said(engine.chat(chat("hello", f"{NOTICE}, so I", "what is two plus two")))
        assert again == "Two plus two is 4."


async def test_a_completion_is_answered_like_a_chat() -> None:
    with AssistEngine(timezone="Europe/Paris") as engine:
        completion = Completion(prompt="combien font deux plus deux", sampling=Sampling())
        assert await said(engine.complete(completion)) == "Deux plus deux égale 4."


async def test_max_tokens_cut_a_french_reply_too() -> None:
    with AssistEngine(timezone=None) as engine:
        short = Chat(
            messages=(Message(role="user", text="combien font deux plus deux"),),
            sampling=Sampling(max_tokens=2),
        )
        deltas = [delta async for delta in engine.chat(short)]
    assert isinstance(deltas[-1], Finish)
    assert (deltas[-1].reason, deltas[-1].completion_tokens) == ("length", 2)


async def test_it_makes_no_embeddings() -> None:
    with AssistEngine(timezone=None) as engine, pytest.raises(InvalidRequest, match=MODEL):
        await engine.embed(["hello"])
