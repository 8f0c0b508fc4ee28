"""Rows of telephone lines and of the calls through them."""

from datetime import datetime
from typing import Literal

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.data.db import Base, UtcDateTime
from backend.data.encryption import Encrypted, EncryptedJson

Transport = Literal["auto", "udp", "tcp", "tls"]
MediaEncryption = Literal["disable", "allow", "require"]
LineState = Literal["ready", "pending", "failed"]
Direction = Literal["inbound", "outbound"]


class PhoneLineRow(Base):
    """One connection to a provider or a PBX, both ways. `user_id`: whose calls come through it;
    None: nobody's. `state` and `reason` are what the leader last saw in the SFU."""

    __tablename__ = "phone_lines"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str | None] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(100))
    numbers: Mapped[list[str]] = mapped_column(JSON)
    allowed_addresses: Mapped[list[str]] = mapped_column(JSON)
    trusted_callers: Mapped[list[str]] = mapped_column(EncryptedJson("phone_lines.trusted_callers"))
    auth_user: Mapped[str | None] = mapped_column(String(64))
    auth_password: Mapped[str | None] = mapped_column(Encrypted("phone_lines.auth_password"))
    pin: Mapped[str | None] = mapped_column(Encrypted("phone_lines.pin"))
    outbound_address: Mapped[str | None] = mapped_column(String(255))
    outbound_user: Mapped[str | None] = mapped_column(String(64))
    outbound_password: Mapped[str | None] = mapped_column(
        Encrypted("phone_lines.outbound_password")
    )
    transport: Mapped[Transport] = mapped_column(String(8))
    media_encryption: Mapped[MediaEncryption] = mapped_column(String(8))
    persona_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[LineState] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(Text)


class CallRow(Base):
    """One call by telephone. `user_id` None: nobody's; `is_known` False: who is on the line is not
    taken for that user, and the conversation is its own. `room` is a digest where the name tells
    who called (`kept_name`)."""

    __tablename__ = "calls"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str | None] = mapped_column(String(64))
    is_known: Mapped[bool]
    line_id: Mapped[str | None] = mapped_column(String(32))
    persona_id: Mapped[str | None] = mapped_column(String(64))
    room: Mapped[str] = mapped_column(String(64), unique=True)
    direction: Mapped[Direction] = mapped_column(String(8))
    caller: Mapped[str | None] = mapped_column(Encrypted("calls.caller"))
    called: Mapped[str | None] = mapped_column(Encrypted("calls.called"))
    sip_call_id: Mapped[str | None] = mapped_column(String(255))
    conversation_id: Mapped[str | None] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_reason: Mapped[str | None] = mapped_column(String(32))
    is_guess: Mapped[bool]  # the reason is the leader's, who only saw the room go
