"""`/v1/audio/lexicon`: how words are said, changed while the server runs."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParam
from pydantic import BaseModel, ValidationError

from chassis.errors import InvalidRequest, NotFound, Unauthorized, Unavailable, documented
from inference.service import require_key
from inference.tts.lexicon import MAX_CHARS, Entry, Lexicon, Say, Tag

InPath = Annotated[
    str, PathParam(max_length=MAX_CHARS, description="as it is written in texts; upper case counts")
]


class SayBody(BaseModel):
    """How to say a word."""

    say: Say
    language: Tag | None = None


class EntryAnswer(BaseModel):
    word: str
    say: str
    language: str | None


class LexiconAnswer(BaseModel):
    """What is in use. `problem`: why the file as it is now is not."""

    words: list[EntryAnswer]
    problem: str | None


def lexicon_routes(lexicon: Lexicon) -> APIRouter:
    """The lexicon in the file that `TTS_LEXICON` names."""
    router = APIRouter(
        dependencies=[Depends(require_key)],
        responses=documented(InvalidRequest, Unauthorized, Unavailable),
    )

    @router.get("/v1/audio/lexicon")
    async def listed() -> LexiconAnswer:
        """Every word and how it is said."""
        entries = await asyncio.to_thread(lexicon.entries)
        return LexiconAnswer(words=[_told(entry) for entry in entries], problem=lexicon.problem)

    @router.put("/v1/audio/lexicon/{word:path}")
    async def put(word: InPath, body: SayBody) -> EntryAnswer:
        """Say `word` so from now on, in one language and its regions or in all."""
        entry = _entry(word, say=body.say, language=body.language)
        await asyncio.to_thread(lexicon.put, entry)
        return _told(entry)

    @router.delete("/v1/audio/lexicon/{word:path}", status_code=204, responses=documented(NotFound))
    async def remove(
        word: InPath,
        language: Annotated[Tag | None, Query(description="only of this language")] = None,
    ) -> None:
        """Say `word` as it is written again."""
        entry = _entry(word, say="x", language=language)
        await asyncio.to_thread(lexicon.remove, entry.word, entry.language)

    return router


def _entry(word: str, **rest: Any) -> Entry:
    try:
        return Entry(word=word, **rest)
    except ValidationError as exc:
        first = exc.errors()[0]
        raise InvalidRequest(str(first["msg"]), param=str(first["loc"][0])) from exc


def _told(entry: Entry) -> EntryAnswer:
    return EntryAnswer(word=entry.word, say=entry.say, language=entry.language)
