"""Cut text into phrases: short enough to share an engine, whole enough to keep their melody."""

import re
from dataclasses import dataclass

from inference.tts.text import is_said

# About ten seconds of speech: what another request may have to wait for at most.
MAX_PHRASE_CHARS = 160
SENTENCE_PAUSE_S = 0.28
CLAUSE_PAUSE_S = 0.12
LINE_PAUSE_S = 0.4
WORD_PAUSE_S = 0.03  # a cut where the writer made none

_QUOTES = "\"'\u201d\u2019\u00bb"
_CLOSERS = _QUOTES + r")\]"
# Latin-like full stops need a blank after them (3.14, example.com); Chinese and Japanese do not.
_SENTENCE_END = re.compile(
    rf"[.!?\u2026\u061f\u06d4\u0964]{{1,8}}[{_CLOSERS}]{{0,3}}(?=\s)|[\u3002\uff01\uff1f]+"
)
_CLAUSE_END = re.compile(r"[,;:\u2014\u2013\u060c\u061b](?=\s)|[\uff0c\uff1b\uff1a\u3001]")
_NOT_AN_END = re.compile(
    r"(?:^|[\s(])(?:\w|mr|mrs|ms|dr|prof|st|vs|jr|sr|fig|approx|e\.g|i\.e|(?:\w\.)+\w)\.$", re.I
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A stretch of text spoken in one go, and the silence after it when another one follows."""

    text: str
    pause_s: float


def phrases(text: str) -> list[Phrase]:
    """`text` in order, in phrases of at most MAX_PHRASE_CHARS; lone punctuation is left out."""
    found: list[Phrase] = []
    for line in text.split("\n"):
        of_line = [phrase for sentence in _sentences(line) for phrase in _fitting(sentence)]
        if of_line:
            of_line[-1] = Phrase(of_line[-1].text, LINE_PAUSE_S)
        found += of_line
    return found


def _sentences(line: str) -> list[str]:
    sentences = []
    start = 0
    for end in _SENTENCE_END.finditer(line):
        if _goes_on(line, start, end.end()):
            continue
        sentences.append(line[start : end.end()])
        start = end.end()
    sentences.append(line[start:])
    return [sentence.strip() for sentence in sentences if any(map(is_said, sentence))]


def _goes_on(line: str, start: int, end: int) -> bool:
    """An abbreviation, or a quotation in mid-sentence, looks like an end and is none."""
    if line[end - 1] in _QUOTES and line[end : end + 2].strip()[:1].islower():
        return True
    # Only the last words can be an abbreviation; looking further back would cost n².
    return bool(_NOT_AN_END.search(line[max(start, end - 24) : end]))


def _fitting(sentence: str) -> list[Phrase]:
    """One sentence; cut where it hurts least when it is too long to be one phrase."""
    pieces = []
    while len(sentence) > MAX_PHRASE_CHARS:
        cut, pause_s = _best_cut(sentence)
        pieces.append(Phrase(sentence[:cut].strip(), pause_s))
        sentence = sentence[cut:].strip()
    if sentence:
        pieces.append(Phrase(sentence, SENTENCE_PAUSE_S))
    return pieces


def _best_cut(sentence: str) -> tuple[int, float]:
    head = sentence[: MAX_PHRASE_CHARS + 1]
    clauses = [end.end() for end in _CLAUSE_END.finditer(head) if end.end() <= MAX_PHRASE_CHARS]
    if clauses:
        return clauses[-1], CLAUSE_PAUSE_S
    blank = head.rfind(" ")
    return (blank, WORD_PAUSE_S) if blank > 0 else (MAX_PHRASE_CHARS, WORD_PAUSE_S)
