"""A household's years: ten thousand conversations and memories, encrypted, in a database file."""

import random
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from backend.accounts.tables import LOCAL_USER
from backend.conversations.tables import ConversationRow, TurnRow
from backend.data.db import Base, Database
from backend.data.encryption import KeyRing
from backend.memories.tables import MemoryRow

CONVERSATIONS = MEMORIES = 10_000
TURNS_EACH = 4
ROWS_AT_ONCE = 2_000  # a unit of work has three seconds
WORDS = 3_000
SEED = 7


class Vocabulary:
    """Sentences of made-up words, the same ones each time, some words as frequent as in life."""

    def __init__(self) -> None:
        self._random = random.Random(SEED)
        letters = ["ba", "ko", "li", "ne", "ru", "ta", "vi", "so", "me", "du"]
        self.words = ["".join(self._random.choices(letters, k=3)) for _ in range(WORDS)]
        self._weights = [1 / (rank + 1) for rank in range(WORDS)]

    def sentence(self, words: int) -> str:
        return " ".join(self._random.choices(self.words, self._weights, k=words))


async def seed(file: Path, key: str) -> None:
    """Write the file. `key`: of its texts."""
    database = Database(f"sqlite+aiosqlite:///{file}")
    KeyRing([SecretStr(key)]).bind(database.engines.readers, database.engines.writers)
    said = Vocabulary()
    async with database:
        await _write(database, [_memory(said, number) for number in range(MEMORIES)])
        conversations = [_conversation(said, number) for number in range(CONVERSATIONS)]
        await _write(database, conversations)
        turns = [_turn(said, one, at) for one in conversations for at in range(TURNS_EACH)]
        await _write(database, turns)


async def _write(database: Database, rows: list[Base]) -> None:
    for at in range(0, len(rows), ROWS_AT_ONCE):
        async with database.writing() as session:
            session.add_all(rows[at : at + ROWS_AT_ONCE])


def _conversation(said: Vocabulary, number: int) -> Base:
    started_at = datetime.now(UTC) - timedelta(hours=number + 1)
    return ConversationRow(
        id=secrets.token_urlsafe(16),
        user_id=LOCAL_USER,
        channel="web",
        title=said.sentence(4) if number % 2 else None,
        started_at=started_at,
        ended_at=started_at + timedelta(minutes=5),
        ended_reason="user_left",
    )


def _turn(said: Vocabulary, of: Base, at: int) -> Base:
    assert isinstance(of, ConversationRow)
    turn_id = secrets.token_hex(16)
    is_agent = bool(at % 2)
    return TurnRow(
        id=turn_id,
        conversation_id=of.id,
        idempotency_key=turn_id,
        role="agent" if is_agent else "user",
        text=said.sentence(12),
        started_at=of.started_at + timedelta(seconds=10 * at),
        interrupted=False,
        timing={"e2e_latency_s": 0.6} if is_agent else {},
        tools=[],
        recorded_at=of.started_at,
    )


def _memory(said: Vocabulary, number: int) -> Base:
    memory_id = secrets.token_hex(16)
    return MemoryRow(
        id=memory_id,
        user_id=LOCAL_USER,
        idempotency_key=memory_id,
        text=said.sentence(10),
        kind="fact",
        proposed=False,
        version=0,
        recorded_at=datetime.now(UTC) - timedelta(minutes=number),
    )
