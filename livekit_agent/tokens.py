"""How many tokens a conversation takes, estimated: learnt from what the server counted."""

from collections.abc import Sequence

from livekit.agents.llm import ChatItem, ChatMessage, FunctionCall, FunctionCallOutput

BYTES_PER_TOKEN = 4.0  # of UTF-8: English 4 to 4.5, French 3.5, Chinese 3
ITEM_TOKENS = 5  # what chat templates spend around a message
IMAGE_TOKENS = 800
FIRST_RATIO = 1.15  # rather too high until the server has told
RATIO_RANGE = (0.5, 4.0)
TELLING = 40.0  # two requests that differ by less tell nothing
WEIGHT = 0.5  # of what they tell


class TokenCounter:
    """Counts for one model of one call. No tokeniser: whatever the server's is, it differs by a
    factor that hardly changes in a conversation, and by what is sent beside it every time."""

    def __init__(self) -> None:
        self._ratio = FIRST_RATIO
        self._told: tuple[float, int] | None = None  # the last request: estimate, tokens
        self._compared: tuple[float, int] | None = None  # an earlier one, to learn from

    def count(self, item: ChatItem) -> int:
        """Tokens of one item, rounded up."""
        return int(self._ratio * _raw(item)) + 1

    def overhead(self, chars: int) -> int:
        """Tokens sent beside the items, such as tools; until told, of `chars` of other text."""
        if self._told is None:
            return int(self._ratio * chars / BYTES_PER_TOKEN)
        raw, tokens = self._told
        return max(0, int(tokens - self._ratio * raw))

    def learn(self, items: Sequence[ChatItem], prompt_tokens: int) -> None:
        """The server counted `prompt_tokens` for a request with `items`."""
        if prompt_tokens <= 0:
            return
        raw = sum(map(_raw, items))
        self._told = raw, prompt_tokens
        before = self._compared or self._told
        if abs(raw - before[0]) >= TELLING:
            low, high = RATIO_RANGE
            slope = (prompt_tokens - before[1]) / (raw - before[0])
            self._ratio += WEIGHT * (min(max(slope, low), high) - self._ratio)
            before = self._told
        self._compared = before


def _raw(item: ChatItem) -> float:
    if isinstance(item, ChatMessage):
        text = "".join(part for part in item.content if isinstance(part, str))
        others = sum(not isinstance(part, str) for part in item.content)
        return ITEM_TOKENS + len(text.encode()) / BYTES_PER_TOKEN + IMAGE_TOKENS * others
    if isinstance(item, FunctionCall):
        return ITEM_TOKENS + len(f"{item.name}{item.arguments}".encode()) / BYTES_PER_TOKEN
    if isinstance(item, FunctionCallOutput):
        return ITEM_TOKENS + len(item.output.encode()) / BYTES_PER_TOKEN
    return 0.0  # handovers and the like are not sent
