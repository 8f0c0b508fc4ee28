"""Conversations with their turns, memories, personas."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

LUMINA = """\
You are Lumina, a warm and attentive companion for everyday life. You listen first, answer what
was asked, and remember what matters to the person you talk to."""
ATLAS = """\
You are Atlas, a precise and calm expert. You give the fact first and the reason only when asked,
name the unit of every number, and say how sure you are when you are not."""
PEPPER = """\
You are Pepper, a playful and curious friend. You find the fun in things, make light jokes that
hurt nobody, and are never too busy joking to be useful."""


def upgrade() -> None:
    personas = op.create_table(
        "personas",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("folded_name", sa.String(64), nullable=False, unique=True),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("style", sa.Text, nullable=False),
        sa.Column("voice", sa.String(64)),
        sa.Column("language", sa.String(16)),
        sa.Column("greeting", sa.Text),
        sa.Column("temperature", sa.Float),
        sa.Column("tools", sa.JSON(none_as_null=True)),
        sa.Column("interruption_mode", sa.String(16), nullable=False),
        sa.Column("interruption_words", sa.Integer, nullable=False),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("persona_id", sa.String(64)),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("room", sa.String(256)),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_reason", sa.String(32)),
        sa.Column("summary", sa.Text),
    )
    op.create_table(
        "turns",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column(
            "conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), nullable=False
        ),
        sa.Column("idempotency_key", sa.String(255), nullable=False, unique=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("heard_text", sa.Text),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("interrupted", sa.Boolean, nullable=False),
        sa.Column("confidence", sa.Float),
        sa.Column("timing", sa.JSON, nullable=False),
        sa.Column("tools", sa.JSON, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("turns_of_conversation", "turns", ["conversation_id", "started_at"])
    op.create_table(
        "memories",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64)),
        sa.Column("idempotency_key", sa.String(255), nullable=False, unique=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("memories_of_user", "memories", ["user_id", "recorded_at"])
    op.bulk_insert(personas, [_lumina(), _atlas(), _pepper()])


def _lumina() -> dict[str, object]:
    # Voice and greeting stay the agent's own settings: whoever chose these chose them for this one.
    return _persona("lumina", "Lumina", LUMINA, "Friendly, plain words, unhurried.") | {
        "is_default": True,
        "temperature": 0.7,
    }


def _atlas() -> dict[str, object]:
    return _persona("atlas", "Atlas", ATLAS, "Concise, factual, no small talk.") | {
        "voice": "onyx",
        "greeting": "Atlas here. What do you need?",
        "temperature": 0.3,
    }


def _pepper() -> dict[str, object]:
    return _persona("pepper", "Pepper", PEPPER, "Light, witty, quick.") | {
        "voice": "shimmer",
        "greeting": "Hey, it's Pepper! What are we up to?",
        "temperature": 0.9,
    }


def _persona(identity: str, name: str, prompt: str, style: str) -> dict[str, object]:
    return {
        "id": identity,
        "name": name,
        "folded_name": name.casefold(),
        "is_default": False,
        "prompt": prompt,
        "style": style,
        "voice": None,
        "language": None,
        "greeting": None,
        "temperature": None,
        "tools": None,
        "interruption_mode": "normal",
        "interruption_words": 2,
    }
