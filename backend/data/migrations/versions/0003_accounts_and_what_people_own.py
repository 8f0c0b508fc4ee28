"""Users, sessions, keys, recordings; personas and memories that belong to somebody."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _users()
    _sessions_and_invites()
    _keys()
    _conversations()
    _memories()
    _personas()


def _users() -> None:
    users = op.create_table(
        "users",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("login", sa.String(64), nullable=False),
        sa.Column("folded_login", sa.String(64), nullable=False, unique=True),
        sa.Column("password_hash", sa.Text),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("preferred_name", sa.Text),
        sa.Column("language", sa.String(16)),
        sa.Column("memory_policy", sa.String(8), nullable=False),
        sa.Column("record_calls", sa.Boolean, nullable=False),
        sa.Column("retention_days", sa.Integer),
        sa.Column("default_persona_id", sa.String(64)),
        sa.Column("memories_version", sa.Integer, nullable=False),
        sa.Column("failed_logins", sa.Integer, nullable=False),
        sa.Column("locked_until", INSTANT),
        sa.Column("disabled_at", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_seen_at", INSTANT),
    )
    local = {
        "id": "local",
        "login": "local",
        "folded_login": "local",
        "role": "admin",
        "memory_policy": "auto",
        "record_calls": False,
        "memories_version": 0,
        "failed_logins": 0,
        "created_at": datetime.now(UTC),
    }
    op.bulk_insert(users, [local])
    op.create_table(
        "tombstones",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("deleted_at", INSTANT, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("user_id", sa.String(64)),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("target", sa.String(128)),
        sa.Column("address", sa.String(64)),
    )


def _sessions_and_invites() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(32), primary_key=True),
        _of("users", nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_seen_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("user_agent", sa.String(256), nullable=False),
    )
    op.create_index("sessions_of_user", "sessions", ["user_id"])
    op.create_table(
        "invites",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.Column("used_by", sa.String(64)),
    )


def _keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(32), primary_key=True),
        _of("users", nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("hint", sa.String(16), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("requests_per_minute", sa.Integer),
        sa.Column("audio_minutes_per_day", sa.Float),
        sa.Column("tokens_per_day", sa.Integer),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        sa.Column("last_used_at", INSTANT),
        sa.Column("rotated_from", sa.String(32)),
    )
    op.create_index("api_keys_of_user", "api_keys", ["user_id"])
    op.create_table(
        "usage",
        _of("users", primary_key=True),
        sa.Column("key_id", sa.String(32), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("service", sa.String(8), primary_key=True),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("audio_s", sa.Float, nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("characters", sa.Integer, nullable=False),
    )


def _conversations() -> None:
    op.add_column("conversations", sa.Column("title", sa.Text))
    op.add_column("conversations", sa.Column("call_started_at", INSTANT))
    op.add_column(
        "conversations",
        sa.Column("talked_before_s", sa.Float, nullable=False, server_default=sa.text("0")),
    )
    op.create_index(
        "conversations_of_user", "conversations", ["user_id", sa.text("started_at DESC"), "id"]
    )
    # Deleting a conversation takes its turns with it; JSON of tools becomes encrypted text.
    with op.batch_alter_table("turns", naming_convention=FOREIGN) as turns:
        turns.drop_constraint(_foreign_key("turns", "conversation_id", "conversations"))
        turns.create_foreign_key(
            "turns_of", "conversations", ["conversation_id"], ["id"], ondelete="CASCADE"
        )
        turns.alter_column("tools", type_=sa.Text, postgresql_using="tools::text")
    op.create_table(
        "recordings",
        sa.Column("id", sa.String(32), primary_key=True),
        _of("conversations", nullable=False),
        sa.Column("content_type", sa.String(64), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("duration_s", sa.Float),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("chunk_bytes", sa.Integer, nullable=False),
    )
    op.create_index("recordings_of_conversation", "recordings", ["conversation_id"])
    op.create_table(
        "recording_chunks",
        _of("recordings", primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sound", sa.LargeBinary, nullable=False),
    )


def _memories() -> None:
    with op.batch_alter_table("memories") as memories:
        memories.add_column(sa.Column("turn_id", sa.String(32)))
        memories.add_column(
            sa.Column("proposed", sa.Boolean, nullable=False, server_default=sa.false())
        )
        memories.add_column(sa.Column("version", sa.Integer, nullable=False, server_default="0"))
        memories.add_column(sa.Column("embedding_model", sa.String(200)))
        memories.add_column(sa.Column("updated_at", INSTANT))
        memories.add_column(sa.Column("last_used_at", INSTANT))
        # The last: SQLite reads what comes before it without it.
        memories.add_column(sa.Column("embedding", sa.LargeBinary))
    op.create_index("memories_by_version", "memories", ["user_id", "version"])


def _personas() -> None:
    with op.batch_alter_table("personas", naming_convention=UNIQUE) as personas:
        personas.drop_constraint(_unique_key("personas", "folded_name"), type_="unique")
        personas.add_column(sa.Column("owner_id", sa.String(64), nullable=False, server_default=""))
        personas.add_column(sa.Column("model", sa.String(200)))
        personas.add_column(sa.Column("updated_at", INSTANT))
        personas.create_unique_constraint("personas_owner_name", ["owner_id", "folded_name"])
    op.create_table(
        "persona_images",
        _of("personas", primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("content_type", sa.String(64), nullable=False),
        sa.Column("image", sa.LargeBinary, nullable=False),
    )


FOREIGN = {"fk": "%(table_name)s_%(column_0_name)s_%(referred_table_name)s"}
UNIQUE = {"uq": "%(table_name)s_%(column_0_name)s_unique"}


def _of(table: str, *, nullable: bool = True, primary_key: bool = False) -> sa.Column[str]:
    """`user_id` and its like: what is owned goes with its owner."""
    column = f"{table.removesuffix('s')}_id"
    owner = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    if primary_key:
        return sa.Column(column, sa.String(64), owner, primary_key=True)
    return sa.Column(column, sa.String(64), owner, nullable=nullable)


def _foreign_key(table: str, column: str, other: str) -> str:
    """PostgreSQL named it itself; SQLite's has no name but the one given by FOREIGN."""
    postgres = op.get_bind().dialect.name == "postgresql"
    return f"{table}_{column}_fkey" if postgres else f"{table}_{column}_{other}"


def _unique_key(table: str, column: str) -> str:
    postgres = op.get_bind().dialect.name == "postgresql"
    return f"{table}_{column}_key" if postgres else f"{table}_{column}_unique"
