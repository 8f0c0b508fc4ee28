"""Telephone lines, and the calls through them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "phone_lines",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("user_id", sa.String(64)),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("numbers", sa.JSON, nullable=False),
        sa.Column("allowed_addresses", sa.JSON, nullable=False),
        sa.Column("trusted_callers", sa.Text, nullable=False),
        sa.Column("auth_user", sa.String(64)),
        sa.Column("auth_password", sa.Text),
        sa.Column("pin", sa.Text),
        sa.Column("outbound_address", sa.String(255)),
        sa.Column("outbound_user", sa.String(64)),
        sa.Column("outbound_password", sa.Text),
        sa.Column("transport", sa.String(8), nullable=False),
        sa.Column("media_encryption", sa.String(8), nullable=False),
        sa.Column("persona_id", sa.String(64)),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text),
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("user_id", sa.String(64)),
        sa.Column("is_known", sa.Boolean, nullable=False),
        sa.Column("line_id", sa.String(32)),
        sa.Column("persona_id", sa.String(64)),
        sa.Column("room", sa.String(64), nullable=False, unique=True),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("caller", sa.Text),
        sa.Column("called", sa.Text),
        sa.Column("sip_call_id", sa.String(255)),
        sa.Column("conversation_id", sa.String(64)),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_reason", sa.String(32)),
        sa.Column("is_guess", sa.Boolean, nullable=False),
    )
    op.create_index("calls_by_start", "calls", [sa.text("started_at DESC"), "id"])
    op.create_index("calls_of_user", "calls", ["user_id"])
    op.create_index("calls_of_conversation", "calls", ["conversation_id"])
