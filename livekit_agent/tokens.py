"""How many tokens a conversation takes, estimated: learnt from what the server counted."""

from collections.abc import Sequence

from livekit.agents.llm import ChatItem, ChatMessage, FunctionCall, FunctionCallOutput

BYTES_PER_TOKEN = 4.0  # of UTF-8: English 4 to 4.5, French 3.5, Chinese 3
ITEM_TOKENS = 5  # what chat templates spend around a message
IMAGE_TOKENS = 800
FIRST_RATIO = 1.15  # rather too high until the server has told
RATIO_RANGE = (0.5, 4.0)
FALL = 0.1  # too low an estimate is refused by the server, so it rises at once and falls slowly


class TokenCounter:
    """Counts for one model of one call. No tokeniser: whatever the server's is, it differs by a
    factor that hardly changes within a conversation."""

    def __init__(self) -> None:
        self._ratio = FIRST_RATIO

    def count(self, item: ChatItem) -> int:
        """Tokens of one item, rounded up."""
        return int(self._ratio * _raw(item)) + 1

    def of_chars(self, chars: int) -> int:
        """Tokens of so much other text, say of JSON."""
        return int(self._ratio * chars / BYTES_PER_TOKEN)

    def learn(self, items: Sequence[ChatItem], prompt_tokens: int, *, fixed_chars: int = 0) -> None:
        """The server counted `prompt_tokens` for `items` and `fixed_chars` of other text."""
        raw = sum(map(_raw, items)) + fixed_chars / BYTES_PER_TOKEN
        if raw <= 0 or prompt_tokens <= 0:
            return
        low, high = RATIO_RANGE
        told = min(max(prompt_tokens / raw, low), high)
        self._ratio = told if told > self._ratio else self._ratio + FALL * (told - self._ratio)


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
