"""The user's lexicon: words and phrases, and how to say them, in a file people may edit."""

import json
import os
import tempfile
import threading
import time
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from chassis.errors import InvalidRequest, NotFound, Unavailable
from chassis.logs import get_logger
from inference.tts.script import Script
from inference.tts.text import is_said, prepare

MAX_ENTRIES = 1000
MAX_CHARS = 100  # of a word, and of how it is said
MAX_FILE_BYTES = 2_000_000
RECHECK_S = 1.0  # how late an edit of the file may be noticed

log = get_logger(__name__)


def _tidy_word(word: str) -> str:
    word = unicodedata.normalize("NFC", " ".join(word.split()))
    if not any(map(is_said, word)) or not word.isprintable():
        raise ValueError("must hold something that can be said")
    return word


def _tidy_say(say: str) -> str:
    """As text to speak is: whatever a file holds, no control character reaches an engine."""
    said = prepare(say).text.replace("\n", " ")
    if not said:
        raise ValueError("must hold something that can be said")
    return said


Word = Annotated[str, Field(min_length=1, max_length=MAX_CHARS), AfterValidator(_tidy_word)]
Say = Annotated[str, Field(min_length=1, max_length=MAX_CHARS), AfterValidator(_tidy_say)]
Tag = Annotated[
    str,
    Field(max_length=40, pattern=r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{1,8}){0,3}$"),
    AfterValidator(lambda tag: tag.lower().replace("_", "-")),
]


class Entry(BaseModel):
    """How to say `word`, in `language` and its regions (`fr`: also fr-ca) or in all (null)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    word: Word
    say: Say
    language: Tag | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    words: list[Entry] = Field(max_length=MAX_ENTRIES)


class Lexicon:
    """What the file holds now. Opening it does no I/O; every method is safe in any thread, and
    those that touch the file block."""

    def __init__(self, path: Path | None = None, *, recheck_s: float = RECHECK_S) -> None:
        self.path = path or Path.home() / ".config" / "parley" / "lexicon.json"
        self.problem: str | None = None  # why the file as it is now cannot be used
        self._recheck_s = recheck_s
        self._checked_at_s = float("-inf")
        self._stamp: tuple[int, int, int] | None = None
        self._held = _Held(())
        self._lock = threading.Lock()

    def entries(self) -> tuple[Entry, ...]:
        """Those in use, by word. While the file cannot be read: those it held before."""
        with self._lock:
            self._reload()
        return self._held.entries

    def apply(self, script: Script, language: str) -> Script:
        """`script` with its words said as the entries for `language` tell."""
        if time.monotonic() - self._checked_at_s >= self._recheck_s:
            with self._lock:
                self._reload()
        table = self._held.table(language)
        return script.replaced(table.found(script.text)) if table.lengths else script

    def put(self, entry: Entry) -> None:
        """Add it, or replace the one of the same word and language. Raises InvalidRequest when
        the lexicon is full, Unavailable when the file cannot be changed."""
        with self._lock:
            self._reload()
            kept = [other for other in self._held.entries if _key(other) != _key(entry)]
            if len(kept) >= MAX_ENTRIES:
                raise InvalidRequest(
                    f"the lexicon is full: {MAX_ENTRIES} entries", param="word", code="lexicon_full"
                )
            self._write([*kept, entry])

    def remove(self, word: str, language: str | None = None) -> None:
        """Every entry of `word`, or the one for `language`. Raises NotFound, Unavailable."""
        with self._lock:
            self._reload()
            kept = [
                entry
                for entry in self._held.entries
                if entry.word != word or (language is not None and entry.language != language)
            ]
            if len(kept) == len(self._held.entries):
                raise NotFound(f"the lexicon has no {word[:MAX_CHARS]!r}", param="word")
            self._write(kept)

    def _reload(self) -> None:
        """Take what the file holds if it has changed. A file at fault changes nothing."""
        self._checked_at_s = time.monotonic()
        try:
            stamp = _stamp_of(self.path)
            if stamp == self._stamp:
                self.problem = None
                return
            entries = _read(self.path) if stamp else ()
        except (OSError, ValueError) as exc:
            problem = f"{self.path}: {_reason(exc)}"
            if problem != self.problem:
                log.error("lexicon_unreadable", path=str(self.path), reason=_reason(exc))
            self.problem = problem
            return
        self._take(entries, stamp)

    def _take(self, entries: tuple[Entry, ...], stamp: tuple[int, int, int] | None) -> None:
        self.problem = None
        self._held = _Held(tuple(sorted(entries, key=lambda e: (e.word, e.language or ""))))
        self._stamp = stamp

    def _write(self, entries: list[Entry]) -> None:
        if self.problem:  # writing would throw away what somebody typed
            raise Unavailable(
                f"the lexicon's file is at fault, mend it or move it away: {self.problem}",
                code="lexicon_unreadable",
            )
        words = [entry.model_dump(exclude_none=True) for entry in entries]
        try:
            _replace(self.path, json.dumps({"words": words}, ensure_ascii=False, indent=1))
            self._take(tuple(entries), _stamp_of(self.path))
        except OSError as exc:
            raise Unavailable(
                f"{self.path} cannot be written: {exc.strerror}", code="lexicon_not_writable"
            ) from exc


class _Held:
    """Entries as they were read at one time; never changed, so that threads may share them."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self.entries = entries
        self.table = lru_cache(maxsize=256)(lambda language: _Table(entries, language))


class _Table:
    """The entries for one language, ready to be looked up."""

    def __init__(self, entries: tuple[Entry, ...], language: str) -> None:
        self._exact: dict[str, str] = {}
        self._any_case: dict[str, str] = {}
        self.lengths: dict[str, list[int]] = {}  # by first character, longest first
        fitting = [entry for entry in entries if _fits(entry.language, language)]
        for entry in sorted(fitting, key=lambda entry: len(entry.language or "")):
            # Written with a capital it means just that: Polish is not polish.
            table = self._exact if entry.word != entry.word.lower() else self._any_case
            table[entry.word] = entry.say
        for word in (*self._exact, *self._any_case):
            lengths = self.lengths.setdefault(word[0].lower(), [])
            if len(word) not in lengths:
                lengths.append(len(word))
        for lengths in self.lengths.values():
            lengths.sort(reverse=True)

    def found(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Whole words of `text` and what to say for them; the longest where several begin."""
        at = 0
        while at < len(text):
            end = self._match(text, at) if at == 0 or not _joined(text, at) else None
            if end is not None:
                piece = text[at:end]
                yield at, end, self._exact.get(piece) or self._any_case[piece.lower()]
            at = at + 1 if end is None else end

    def _match(self, text: str, at: int) -> int | None:
        for length in self.lengths.get(text[at].lower(), ()):
            end = at + length
            if end > len(text) or (end < len(text) and _joined(text, end)):
                continue
            piece = text[at:end]
            if piece in self._exact or piece.lower() in self._any_case:
                return end
        return None


def _joined(text: str, at: int) -> bool:
    """Whether text[at] goes on with the word before it."""
    return (text[at].isalnum() or text[at] == "_") and (
        text[at - 1].isalnum() or text[at - 1] == "_"
    )


def _fits(wanted: str | None, language: str) -> bool:
    return wanted is None or language == wanted or language.startswith(f"{wanted}-")


def _key(entry: Entry) -> tuple[str, str | None]:
    return entry.word, entry.language


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> tuple[Entry, ...]:
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ValueError(f"larger than {MAX_FILE_BYTES} bytes")
    return tuple(_File.model_validate_json(data).words)


def _reason(exc: OSError | ValueError) -> str:
    """Without what the file holds: it goes into logs."""
    if isinstance(exc, ValidationError):
        first = exc.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        return f"{where}: {first['msg']}" if where else str(first["msg"])
    return (exc.strerror or str(exc)) if isinstance(exc, OSError) else str(exc)


def _replace(path: Path, content: str) -> None:
    """Either the old file or all of the new one is there, whatever happens in between."""
    path = path.resolve()  # a link stays a link
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".lexicon-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:  # whatever it was, half a file is not to lie about
        Path(beside).unlink(missing_ok=True)
        raise
