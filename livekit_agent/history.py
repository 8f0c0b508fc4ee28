"""What the LLM is given of a conversation: as much as fits its context, newest first."""

from collections.abc import Callable, Sequence

from livekit.agents.llm import ChatItem, ChatMessage, FunctionCall, FunctionCallOutput

from livekit_agent.overflow import overflow_of
from livekit_agent.tokens import TokenCounter
from livekit_agent.tools.fence import fence

SUMMARY_ID = "parley.summary"
REPLY_SHARE = 0.25  # of the context kept free for the reply, at most MAX_REPLY_TOKENS
MAX_REPLY_TOKENS = 1024
SAFETY = 0.9  # counts are estimates
LEAST_TOKENS = 64
# A window that slides by one turn each turn changes the start of every prompt, and the server has
# to read all of it again. So it is filled to the brim, then cut in one go down to LOW.
LOW = 0.5
SUMMARISE_AT = 0.75  # of the budget; the summary is then there before anything must go
OUTPUT_SHARE = 0.25  # of the budget: the most that one tool output keeps
CUT_MARK = " … (cut) … "
SUMMARY_SOURCE = "what was said earlier in this conversation"
SUMMARY_CHARS = 2000

Count = Callable[[ChatItem], int]


class History:
    """Decides for each request what of the conversation is sent. It never waits: summaries come
    when they come (see summary.py), and until then what does not fit is left out."""

    def __init__(
        self,
        context_tokens: int,
        *,
        counter: TokenCounter | None = None,
        summary: str = "",
        on_leaving: Callable[[list[ChatItem]], None] = lambda _items: None,
    ) -> None:
        """`on_leaving` is told, at each request, of items that will soon be left out, or just
        were; it may answer at any time by `summarised`."""
        self.context_tokens = context_tokens
        self.counter = counter or TokenCounter()
        self.on_leaving = on_leaving
        self._summary: ChatMessage | None = None
        self._gone: set[str] = set()  # ids of items that are not sent any more
        self._cut: dict[str, ChatItem] = {}  # shorter ones that are sent instead, by id
        self.summarised(summary, ())

    def fit(self, items: Sequence[ChatItem], *, fixed_chars: int = 0) -> list[ChatItem]:
        """What to send of `items`, the whole conversation. `fixed_chars`: of what is sent beside
        it, such as the tools' schemas; only until the counter has learnt."""
        count = self.counter.count
        budget = self._budget(fixed_chars)
        here = [self._cut.get(item.id, item) for item in items if item.id not in self._gone]
        kept = self._with_summary(self._remembered(shortened_outputs(here, budget, count), here))
        used = sum(map(count, kept))
        if used <= SUMMARISE_AT * budget:
            return kept
        low = window(kept, int(LOW * budget), count)
        if leaving := _without(kept, low):
            self.on_leaving(leaving)
        return kept if used <= budget else self._left_with(low, kept)

    def overflowed(
        self, sent: Sequence[ChatItem], error: BaseException, *, fixed_chars: int = 0
    ) -> list[ChatItem] | None:
        """The half of `sent` to ask with once more, when `error` says that it was too much for the
        model; None when it is another error or nothing can go. Later requests are smaller too."""
        overflow = overflow_of(error)
        if overflow is None:
            return None
        if overflow.needed_tokens:
            self.counter.learn(sent, overflow.needed_tokens)
        limit = overflow.limit_tokens or self.context_tokens // 2
        self.context_tokens = min(self.context_tokens, limit)
        used = sum(map(self.counter.count, sent))
        half = window(sent, int(LOW * min(used, self._budget(fixed_chars))), self.counter.count)
        if half == list(sent):
            return None
        if leaving := _without(sent, half):
            self.on_leaving(leaving)
        return self._left_with(half, sent)

    def summarised(self, summary: str, items: Sequence[ChatItem]) -> None:
        """`summary` tells from now on what `items` and the summary before did."""
        self._gone |= {item.id for item in items}
        if summary:  # made once: a prompt that begins as the one before is read faster
            told = fence(summary, source=SUMMARY_SOURCE, max_chars=SUMMARY_CHARS)
            self._summary = ChatMessage(id=SUMMARY_ID, role="system", content=[told])

    def _budget(self, fixed_chars: int) -> int:
        reply = min(REPLY_SHARE * self.context_tokens, MAX_REPLY_TOKENS)
        free = SAFETY * (self.context_tokens - reply) - self.counter.overhead(fixed_chars)
        return max(LEAST_TOKENS, int(free))

    def _with_summary(self, items: list[ChatItem]) -> list[ChatItem]:
        head = _head_length(items)
        return [*items[:head], *([self._summary] if self._summary else []), *items[head:]]

    def _left_with(self, kept: list[ChatItem], before: Sequence[ChatItem]) -> list[ChatItem]:
        self._gone |= {item.id for item in _without(before, kept)}
        return self._remembered(kept, before)

    def _remembered(self, kept: list[ChatItem], before: Sequence[ChatItem]) -> list[ChatItem]:
        whole = {id(item) for item in before}
        self._cut |= {item.id: item for item in kept if id(item) not in whole}
        return kept


def window(items: Sequence[ChatItem], budget_tokens: int, count: Count) -> list[ChatItem]:
    """The newest of `items` that fit, in order. Always kept: the system messages they begin with
    and the latest user turn. A tool's output goes with its call; one that is too long loses its
    middle, as does a user turn that alone is too long."""
    head = _head_length(items)
    shown = shortened_outputs(items, budget_tokens, count)
    kept = set(range(head))
    left = budget_tokens - sum(count(shown[index]) for index in kept)
    latest = _latest_user(items)
    if latest is not None:
        shown[latest] = _shortened(shown[latest], max(left, LEAST_TOKENS), count)
        kept.add(latest)
        left -= count(shown[latest])
    units = _units(items, head)
    for unit in units:
        if latest is not None and unit == [latest]:
            continue
        cost = sum(count(shown[index]) for index in unit)
        if cost > left:
            break  # older ones are not told either: a conversation has no holes
        kept.update(unit)
        left -= cost
    if len(kept) < len(items):  # some chat templates fail on a reply to nothing
        first = next((i for i in sorted(kept) if _is_user(items[i])), 0)
        kept -= {index for unit in units if unit[0] < first for index in unit}
    return [item for index, item in enumerate(shown) if index in kept]


def shortened_outputs(
    items: Sequence[ChatItem], budget_tokens: int, count: Count
) -> list[ChatItem]:
    """`items`, with no tool's output taking more than its share of the budget."""
    limit = int(OUTPUT_SHARE * budget_tokens)
    return [
        _shortened(item, limit, count) if isinstance(item, FunctionCallOutput) else item
        for item in items
    ]


def _without(items: Sequence[ChatItem], kept: Sequence[ChatItem]) -> list[ChatItem]:
    ids = {item.id for item in kept}
    return [item for item in items if item.id not in ids]


def _head_length(items: Sequence[ChatItem]) -> int:
    """How many system messages come first."""
    for index, item in enumerate(items):
        if not (isinstance(item, ChatMessage) and item.role in ("system", "developer")):
            return index
    return len(items)


def _latest_user(items: Sequence[ChatItem]) -> int | None:
    return next((i for i in reversed(range(len(items))) if _is_user(items[i])), None)


def _is_user(item: ChatItem) -> bool:
    return isinstance(item, ChatMessage) and item.role == "user"


def _units(items: Sequence[ChatItem], start: int) -> list[list[int]]:
    """Indices that go or stay together, newest first: a message; calls with their outputs."""
    units: dict[str, list[int]] = {}
    for index in range(start, len(items)):
        item = items[index]
        if isinstance(item, FunctionCall | FunctionCallOutput):
            units.setdefault(f"call {item.call_id}", []).append(index)
        else:
            units[f"item {index}"] = [index]
    return sorted(units.values(), key=lambda unit: unit[-1], reverse=True)


def _shortened(item: ChatItem, limit: int, count: Count) -> ChatItem:
    """`item`, or a copy without the middle of its text, of about `limit` tokens."""
    cost = count(item)
    if cost <= limit:
        return item
    text = _text(item)
    keep = max(0, int(len(text) * limit / cost) - len(CUT_MARK))
    short = text[: keep - keep // 2] + CUT_MARK + text[len(text) - keep // 2 :]
    if len(short) >= len(text):
        return item
    if isinstance(item, FunctionCallOutput):
        return item.model_copy(update={"output": short})
    return item.model_copy(update={"content": [short]})


def _text(item: ChatItem) -> str:
    if isinstance(item, FunctionCallOutput):
        return item.output
    return (item.raw_text_content or "") if isinstance(item, ChatMessage) else ""
