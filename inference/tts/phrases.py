"""Cut text into phrases: short enough to share an engine, whole enough to keep their melody."""

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from inference.tts.script import Script
from inference.tts.text import is_said

# About ten seconds of speech: what another request may have to wait for at most.
MAX_PHRASE_CHARS = 160
MIN_CLAUSE_CHARS = 20  # a shorter one is said with the next
SLACK = 1.3  # a phrase may be so much longer than asked, if that spares a scrap
SENTENCE_PAUSE_S = 0.28
CLAUSE_PAUSE_S = 0.12
LINE_PAUSE_S = 0.4
WORD_PAUSE_S = 0.03  # a cut where the writer made none

_QUOTES = "\"'\u201d\u2019\u00bb"
_CLOSERS = _QUOTES + r")\]"
_LINE = re.compile(r"[^\n]+")
# Latin-like full stops need a blank after them (3.14, example.com); Chinese and Japanese do not.
_SENTENCE_END = re.compile(
    rf"[.!?\u2026\u061f\u06d4\u0964]{{1,8}}[{_CLOSERS}]{{0,3}}(?=\s)|[\u3002\uff01\uff1f]+"
)
_CLAUSE_END = re.compile(
    rf"[,;:\u2014\u2013\u060c\u061b][{_CLOSERS}]{{0,3}}(?=\s)|[\uff0c\uff1b\uff1a\u3001]"
)
_NOT_AN_END = re.compile(
    r"(?:^|[\s(])(?:\w|mr|mrs|ms|dr|prof|st|vs|jr|sr|fig|approx|e\.g|i\.e|(?:\w\.)+\w)\.$", re.I
)
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A stretch of text spoken in one go, and the silence after it when another one follows."""

    script: Script
    pause_s: float

    @property
    def text(self) -> str:
        return self.script.text


class Reading:
    """The phrases of one text, cut only when their turn comes: no longer than is then wise."""

    def __init__(
        self, said: Sequence[Phrase], later: Sequence[Callable[[], Sequence[Phrase]]] = ()
    ) -> None:
        """`later` are called for what comes after `said`, one by one, in `look_further`."""
        self._left = deque(said)
        self._later = deque(later)

    def __bool__(self) -> bool:
        """Whether there is more to say, as far as is known."""
        return bool(self._left or self._later)

    @property
    def is_here(self) -> bool:
        """Whether the next phrase is, without looking further."""
        return bool(self._left)

    def look_further(self) -> None:
        """Until a phrase is here, or nothing is left. May take some 10 ms."""
        while not self._left and self._later:
            self._left.extend(self._later.popleft()())

    def whole(self) -> Phrase:
        """The next phrase as long as it gets."""
        return self._left[0]

    def first(self, chars: int) -> Phrase:
        """The next phrase, for who hears nothing yet: a clause, or about so many characters."""
        return self._cut(chars, is_soonest=True)

    def upto(self, chars: int) -> Phrase:
        """The next phrase, of about so many characters: never to within a word."""
        return self._cut(chars, is_soonest=False)

    def _cut(self, chars: int, *, is_soonest: bool) -> Phrase:
        whole = self._left[0]
        cut, pause_s = _early_cut(whole.script, chars, is_soonest)
        return whole if cut is None else Phrase(whole.script.cut(0, cut), pause_s)

    def advance(self, phrase: Phrase) -> None:
        """`phrase`, as it was given, is spoken."""
        whole = self._left.popleft()
        if phrase is not whole:
            rest = whole.script.cut(len(phrase.text), len(whole.text))
            self._left.appendleft(replace(whole, script=rest))

    def clear(self) -> None:
        self._left.clear()
        self._later.clear()


def phrases(script: Script) -> list[Phrase]:
    """In order, in phrases of at most MAX_PHRASE_CHARS; lone punctuation is left out."""
    found: list[Phrase] = []
    for line in _LINE.finditer(script.text):
        of_line = [
            phrase
            for sentence in _sentences(script.cut(*line.span()))
            for phrase in _fitting(sentence)
        ]
        if of_line:
            of_line[-1] = replace(of_line[-1], pause_s=LINE_PAUSE_S)
        found += of_line
    return found


def _sentences(line: Script) -> list[Script]:
    sentences = []
    start = 0
    for end in _SENTENCE_END.finditer(line.text):
        if _goes_on(line.text, start, end.end()):
            continue
        sentences.append(line.cut(start, end.end()))
        start = end.end()
    sentences.append(line.cut(start, len(line.text)))
    return [sentence for sentence in sentences if any(map(is_said, sentence.text))]


def _goes_on(line: str, start: int, end: int) -> bool:
    """An abbreviation, or a quotation in mid-sentence, looks like an end and is none."""
    if line[end - 1] in _QUOTES and line[end : end + 2].strip()[:1].islower():
        return True
    return is_abbreviated(line, start, end)


def is_abbreviated(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] ends in "Dr." or the like, and not in the end of a sentence."""
    # Only the last words can be an abbreviation; looking further back would cost n².
    return bool(_NOT_AN_END.search(text[max(start, end - 24) : end]))


def _fitting(sentence: Script) -> list[Phrase]:
    """One sentence; cut where it hurts least when it is too long to be one phrase."""
    pieces = []
    while len(sentence.text) > MAX_PHRASE_CHARS:
        cut, pause_s = _late_cut(sentence)
        if (piece := sentence.cut(0, cut)).text:
            pieces.append(Phrase(piece, pause_s))
        sentence = sentence.cut(cut, len(sentence.text))
    if sentence.text:
        pieces.append(Phrase(sentence, SENTENCE_PAUSE_S))
    return pieces


def _late_cut(sentence: Script) -> tuple[int, float]:
    """The last good place within MAX_PHRASE_CHARS; one that spoils a word, if there is no other."""
    head = sentence.text[: MAX_PHRASE_CHARS + 1]
    for pattern, pause_s in ((_CLAUSE_END, CLAUSE_PAUSE_S), (_BLANK, WORD_PAUSE_S)):
        ends = [end.end() for end in pattern.finditer(head) if end.end() <= MAX_PHRASE_CHARS]
        if good := [end for end in ends if _may_cut(sentence, end)]:
            return good[-1], pause_s
    blank = head.rfind(" ")
    return (blank if blank > 0 else MAX_PHRASE_CHARS), WORD_PAUSE_S


def _early_cut(script: Script, chars: int, is_soonest: bool) -> tuple[int | None, float]:
    """Where a phrase of about `chars` ends; None: with the script."""
    text = script.text
    longest = int(chars * SLACK)
    if len(text) <= (chars if is_soonest else longest):
        return None, 0.0
    shortest = min(MIN_CLAUSE_CHARS, chars) if is_soonest else chars // 3
    clauses = [
        end.end()
        for end in _CLAUSE_END.finditer(text, 0, longest + 1)
        if shortest <= end.end() <= longest and _may_cut(script, end.end())
    ]
    if clauses:
        return _unless_last(text, clauses[0 if is_soonest else -1]), CLAUSE_PAUSE_S
    if len(text) <= longest:
        return None, 0.0
    blanks = [blank.start() for blank in _BLANK.finditer(text) if _may_cut(script, blank.start())]
    near = [at for at in blanks if chars // 2 <= at <= longest]
    if near:
        cut = min(near, key=lambda at: abs(at - chars))
    else:
        cut = next((at for at in blanks if at > longest), len(text))
    return _unless_last(text, cut), WORD_PAUSE_S


def _unless_last(text: str, cut: int) -> int | None:
    return cut if any(map(is_said, text[cut:])) else None


def _may_cut(script: Script, at: int) -> bool:
    """Whether nothing that is said in one go is torn there: "five | dollars", "5 | km", "Dr. | X".

    `at` may be on either side of the blank.
    """
    text = script.text
    left = len(text[:at].rstrip())
    right = len(text) - len(text[at:].lstrip())
    if not left or right >= len(text) or not any(map(is_said, text[:left])):
        return False
    _, left_ends = script.origin(left - 1, left)
    right_starts, _ = script.origin(right, right + 1)
    if right_starts < left_ends or is_abbreviated(text, 0, left):
        return False
    return not (text[left - 1].isdigit() and text[right].isalnum())
