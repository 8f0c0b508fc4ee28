"""Rows of users, their sessions, invitations, and who did what."""

from datetime import datetime
from typing import Literal

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.data.db import Base, UtcDateTime
from backend.data.encryption import Encrypted

Role = Literal["member", "admin"]
MemoryPolicy = Literal["auto", "ask", "off"]
LOCAL_USER = "local"  # the one user when nobody signs in


class UserRow(Base):
    """A person. The local one has no password and cannot sign in."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    login: Mapped[str] = mapped_column(String(64))
    folded_login: Mapped[str] = mapped_column(String(64), unique=True)  # no database folds alike
    password_hash: Mapped[str | None] = mapped_column(Text)
    role: Mapped[Role] = mapped_column(String(16))
    preferred_name: Mapped[str | None] = mapped_column(Encrypted("users.preferred_name"))
    language: Mapped[str | None] = mapped_column(String(16))
    memory_policy: Mapped[MemoryPolicy] = mapped_column(String(8))
    record_calls: Mapped[bool]
    retention_days: Mapped[int | None]  # None: the server's setting
    default_persona_id: Mapped[str | None] = mapped_column(String(64))
    memories_version: Mapped[int]  # raised by every change of the user's memories: caches ask it
    failed_logins: Mapped[int]
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SessionRow(Base):
    """A browser that is signed in. The cookie holds the token, the row its hash."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(256))


class InviteRow(Base):
    """Lets one person sign up."""

    __tablename__ = "invites"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_by: Mapped[str | None] = mapped_column(String(64))


class AuditRow(Base):
    """Who did what, and to what: ids and addresses, never texts."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    user_id: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str | None] = mapped_column(String(128))
    address: Mapped[str | None] = mapped_column(String(64))


class TombstoneRow(Base):
    """A user or conversation that was deleted: word of it coming late must not bring it back."""

    __tablename__ = "tombstones"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    deleted_at: Mapped[datetime] = mapped_column(UtcDateTime)
