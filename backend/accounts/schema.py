"""Bodies of the routes about people."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from backend.accounts.tables import MemoryPolicy, Role
from backend.accounts.users import fold

MAX_LOGIN_CHARS = 64
LOGIN = re.compile(r"[\w.@+-]{2,64}")
LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"


def _login(login: str) -> str:
    if not LOGIN.fullmatch(login) or len(fold(login)) > MAX_LOGIN_CHARS:
        raise PydanticCustomError("login", "use 2 to 64 letters, digits and . @ + - _")
    return login


# Long ones are told so by the rules, in words; this only bounds what is looked at.
Password = Annotated[SecretStr, Field(max_length=1_000)]
NewLogin = Annotated[str, AfterValidator(_login)]
Name = Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Language = Annotated[str, Field(max_length=16, pattern=LANGUAGE)]
Secret = Annotated[str, Field(max_length=200)]


class Body(BaseModel):
    """What is sent. An unknown field is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


class Me(BaseModel):
    """The user who asks."""

    id: str
    login: str
    preferred_name: str | None
    language: str | None
    role: Role
    memory_policy: MemoryPolicy
    record_calls: bool
    retention_days: int | None
    created_at: datetime


class AuthState(BaseModel):
    """What a visitor can do, and who they are if they signed in."""

    auth: Literal["off", "on"]
    signup: Literal["open", "invite", "closed"]
    setup_needed: bool
    recording_allowed: bool
    user: Me | None


class Credentials(Body):
    login: Annotated[str, Field(max_length=256)]
    password: Password


class NewAccount(Body):
    login: NewLogin
    password: Password
    preferred_name: Name | None = None
    language: Language | None = None


class Setup(NewAccount):
    setup_code: Secret | None = None


class SignUp(NewAccount):
    invite: Secret | None = None


class MeChange(Body):
    """Fields that are not sent stay as they are; null takes away what can be without."""

    preferred_name: Name | None = None
    language: Language | None = None
    # Factories: a plain default would be told to clients as if it were what is set then.
    memory_policy: MemoryPolicy = Field(default_factory=lambda: "auto")
    record_calls: bool = Field(default_factory=bool)
    retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = None


class PasswordChange(Body):
    current: Password
    new: Password


class Session(BaseModel):
    """A browser that is signed in."""

    model_config = ConfigDict(from_attributes=True)
    id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    user_agent: str
    current: bool = False


class Sessions(BaseModel):
    sessions: list[Session]


class User(BaseModel):
    """Somebody, as admins see them."""

    id: str
    login: str
    role: Role
    created_at: datetime
    last_seen_at: datetime | None
    disabled: bool


class Users(BaseModel):
    users: list[User]


class UserChange(Body):
    role: Role | None = None
    disabled: bool | None = None


class InviteRequest(Body):
    role: Role = "member"
    expires_in_days: Annotated[int, Field(ge=1, le=90)] = 7


class Invite(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    used_by: str | None


class NewInvite(Invite):
    """`token` is told this once."""

    token: str


class Invites(BaseModel):
    invites: list[Invite]


class AuditEntry(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    at: datetime
    user_id: str | None
    action: str
    target: str | None
    address: str | None


class Audit(BaseModel):
    entries: list[AuditEntry]
    next_cursor: str | None
