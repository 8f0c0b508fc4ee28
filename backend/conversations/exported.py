"""A conversation as a file: JSON for programs, plain text for people, SRT beside its sound."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import quote

from backend.conversations import schema

Format = Literal["json", "txt", "srt"]
MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
}
CHARS_A_SECOND = 15.0  # of speech, where nobody measured it
SHORTEST_CUE = timedelta(seconds=1)
LONGEST_TURN_S = 86_400.0  # files that are imported can say anything
MAX_NAME_CHARS = 80
UNSAFE = re.compile(r"[^\w .()-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cue:
    start: timedelta
    end: timedelta
    text: str


def file_of(conversation: schema.ConversationDetail, form: Format) -> str:
    if form == "json":
        return conversation.model_dump_json(indent=1, exclude={"match", "live"}) + "\n"
    return "".join(_text(conversation) if form == "txt" else _srt(conversation))


def disposition(conversation: schema.Conversation, form: Format) -> str:
    """Content-Disposition of the download: a name that is safe in a header and in any folder."""
    day = conversation.started_at.date().isoformat()
    said = conversation.title or conversation.preview or "conversation"
    words = UNSAFE.sub(" ", unicodedata.normalize("NFC", said))
    words = " ".join(words.split())[:MAX_NAME_CHARS].strip(" .") or "conversation"
    name = f"{day} {words}.{form}"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"


def heard(turn: schema.ToldTurn) -> str:
    """What reached the other side: of an interrupted reply, as far as it was played."""
    return turn.text if turn.heard_text is None else turn.heard_text


def _text(conversation: schema.ConversationDetail) -> Iterator[str]:
    yield f"{conversation.title or conversation.preview or 'Conversation'}\n"
    yield f"{conversation.started_at:%Y-%m-%d %H:%M} UTC\n"
    if conversation.summary:
        yield f"\n{conversation.summary}\n"
    for turn in conversation.turns:
        if said := heard(turn).strip():
            cut = " —" if turn.interrupted else ""
            yield f"\n[{turn.started_at:%H:%M:%S}] {_who(conversation, turn)}: {said}{cut}\n"


def _srt(conversation: schema.ConversationDetail) -> Iterator[str]:
    for number, cue in enumerate(_cues(conversation), 1):
        yield f"{number}\n{_clock(cue.start)} --> {_clock(cue.end)}\n{cue.text}\n\n"


def _cues(conversation: schema.ConversationDetail) -> Iterator[_Cue]:
    """One a turn, counted from the first; each ends where the next begins at the latest."""
    said = [turn for turn in conversation.turns if heard(turn).strip()]
    if not said:
        return
    zero = said[0].started_at
    starts: list[datetime | None] = [turn.started_at for turn in said[1:]]
    for turn, following in zip(said, [*starts, None], strict=True):
        start = turn.started_at - zero
        end = start + max(SHORTEST_CUE, _length(turn))
        if following is not None:
            end = max(start, min(end, following - zero))
        text = " ".join(heard(turn).split())
        yield _Cue(start=start, end=end, text=f"{_who(conversation, turn)}: {text}")


def _length(turn: schema.ToldTurn) -> timedelta:
    """How long it was spoken: as measured, else by its letters."""
    timing, seconds = turn.timing, len(heard(turn)) / CHARS_A_SECOND
    if "speech_s" in timing:
        seconds = timing["speech_s"]
    elif "total_s" in timing and "first_sound_at_s" in timing:
        seconds = timing["total_s"] - timing["first_sound_at_s"]
    return timedelta(seconds=min(max(0.0, seconds), LONGEST_TURN_S))


def _who(conversation: schema.ConversationDetail, turn: schema.ToldTurn) -> str:
    if turn.role == "user":
        return "You"
    return conversation.persona.name if conversation.persona else "Parley"


def _clock(at: timedelta) -> str:
    ms = round(at.total_seconds() * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"
