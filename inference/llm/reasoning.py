"""Tell what a model thinks from what it replies, where it writes both into one text."""

from collections.abc import Iterator

from inference.llm.engine import ReasoningDelta, TextDelta

MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("[THINK]", "[/THINK]"),
)
OPENINGS = dict(MARKS)
CLOSINGS = tuple(closing for _, closing in MARKS)

Part = TextDelta | ReasoningDelta


class Splitter:
    """The text of one reply, in pieces of any size, as reasoning and reply.

    Thinking is marked at the start of a reply only: later, such a mark is a word like others. Some
    models are already thinking when they start: a closing mark alone tells. `held`: wait for that
    mark, or for the end, before anything is passed on as the reply.
    """

    def __init__(self, *, held: bool = False) -> None:
        self.began_inside = False  # told by a closing mark that nothing opened
        self._held = held
        self._closing: str | None = None  # the mark that ends the thinking
        self._has_thought = False
        self._is_start = True  # of the reply: an opening mark may come
        self._rest = ""  # may be the beginning of a mark

    def push(self, text: str) -> Iterator[Part]:
        """What is certain with this piece."""
        self._rest += text
        while self._rest and (part := self._step()) is not None:
            if part.text:
                yield part

    def finish(self) -> Iterator[Part]:
        """What was waiting for more. Thinking that never ended stays thinking."""
        rest, self._rest = self._rest, ""
        if rest:
            yield ReasoningDelta(rest) if self._closing else TextDelta(rest)

    def _step(self) -> Part | None:
        """The next part, maybe an empty one; None where more must come first."""
        if self._closing:
            return self._think(self._closing)
        if self._is_start:
            return self._start()
        return self._reply()

    def _think(self, closing: str) -> Part | None:
        before, found, after = self._rest.partition(closing)
        if found:
            self._rest, self._closing = after, None
            return ReasoningDelta(before)
        return self._up_to(ReasoningDelta, (closing,))

    def _start(self) -> Part | None:
        text = self._rest.lstrip()
        if self._has_thought:
            self._rest = text  # the blank lines after it are no reply
        for opening, closing in OPENINGS.items():
            if text.startswith(opening):
                self._rest, self._closing = text.removeprefix(opening), closing
                self._held, self._has_thought = False, True
                return TextDelta("")
        if any(mark.startswith(text) for mark in (*OPENINGS, *CLOSINGS)):  # also where it is empty
            return None
        if self._held:
            return self._hold()
        self._is_start = False
        return TextDelta("")

    def _hold(self) -> Part | None:
        for closing in CLOSINGS:
            before, found, after = self._rest.partition(closing)
            if found:
                self._rest, self._held = after, False
                self.began_inside = self._has_thought = True
                return ReasoningDelta(before)
        return None

    def _reply(self) -> Part | None:
        found = [(self._rest.find(mark), mark) for mark in CLOSINGS if mark in self._rest]
        if found and not self.began_inside:
            at, mark = min(found)
            before, self._rest = self._rest[:at], self._rest[at + len(mark) :].lstrip()
            self.began_inside = True  # what was passed on as reply cannot be called back
            return TextDelta(before)
        return self._up_to(TextDelta, () if self.began_inside else CLOSINGS)

    def _up_to(self, kind: type[Part], marks: tuple[str, ...]) -> Part | None:
        """The rest but for what may be the beginning of one of `marks`."""
        keep = max((_overlap(self._rest, mark) for mark in marks), default=0)
        cut = len(self._rest) - keep
        text, self._rest = self._rest[:cut], self._rest[cut:]
        return kind(text) if text else None


def _overlap(text: str, mark: str) -> int:
    """How many of the last characters of `text` are the first of `mark`."""
    at = text.find(mark[0], max(0, len(text) - len(mark) + 1))
    while at >= 0 and not mark.startswith(text[at:]):
        at = text.find(mark[0], at + 1)
    return len(text) - at if at >= 0 else 0
