"""Who may do what: every route, and what each kind of client is answered."""

from dataclasses import dataclass, field
from typing import Any, Literal

from tests.backend.personas.pictures import picture_file

Who = Literal["anonymous", "agent", "other", "admin", "user"]  # `user` owns what is asked for
Answers = dict[Who, str]

OK = "2xx"
OPEN: Answers = {"anonymous": OK, "agent": OK, "other": OK, "admin": OK, "user": OK}
SIGNED_IN: Answers = {"anonymous": "401", "agent": "401", "other": OK, "admin": OK, "user": OK}
OWNER = SIGNED_IN | {"other": "404", "admin": "404"}  # as if it were not there
# The admin asks last: it may be about the user.
ADMIN: Answers = {"anonymous": "401", "agent": "401", "other": "403", "user": "403", "admin": OK}
SERVICE: Answers = {
    "anonymous": "401",
    "agent": OK,
    "other": "401",
    "admin": "401",
    "user": "401",
}
REFUSED = SIGNED_IN | {"other": "400", "admin": "400", "user": "400"}
STAFF = ADMIN | {"agent": OK}  # and `parley phone`, which has the service key
NOBODY: Answers = dict.fromkeys(OPEN, "401")  # not these five, in the way it is asked here
OPERATOR = SERVICE  # the clients of the test are not at the backend's machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One route. `{…}` of the path are filled from what was seeded for `user`."""

    method: str
    path: str
    answers: Answers
    json: Any = None
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


def row(method: str, path: str, answers: Answers, json: Any = None, **more: Any) -> Row:
    return Row(method=method, path=path, answers=answers, json=json, **more)


NEW = "a password nobody guesses"
NOW = "2026-11-21T12:00:00Z"
CALL = "/api/conversations/{conversation_id}"
SOUND = CALL + "/recordings/{recording_id}"
PERSONA = "/api/personas/{persona_id}"
MEMORY = "/api/memories/{memory_id}"
TOLD = "/internal/conversations/{conversation_id}"
PNG = {"content-type": "image/png"}
ONCE = {"idempotency-key": "once"}
LOGIN = {"login": "{login}", "password": NEW}

PEOPLE = [
    row("GET", "/api/auth", OPEN),
    row("POST", "/api/auth/setup", dict.fromkeys(OPEN, "409"), LOGIN),  # there is an admin
    row("POST", "/api/auth/sign-up", dict.fromkeys(OPEN, "403"), LOGIN),  # no invitation
    row("POST", "/api/auth/login", NOBODY, LOGIN),  # the password is wrong
    row("POST", "/api/auth/logout", SIGNED_IN),
    row("GET", "/api/me", SIGNED_IN),
    row("PATCH", "/api/me", SIGNED_IN, {"language": "fr"}),
    row("POST", "/api/me/password", REFUSED, {"current": "wrong", "new": NEW}),
    row("GET", "/api/me/sessions", SIGNED_IN),
    row("DELETE", "/api/me/sessions", SIGNED_IN),
    row("DELETE", "/api/me/sessions/{session_id}", OWNER),
    row("GET", "/api/me/export", SIGNED_IN),
    row("POST", "/api/me/import", SIGNED_IN, {"version": 1}),
    row("POST", "/api/me/forget", REFUSED, {"confirm": "{login}"}),  # without the password
    row("GET", "/api/users", ADMIN),
    row("PATCH", "/api/users/{user_id}", ADMIN, {"disabled": True}),
    row("DELETE", "/api/users/{user_id}", ADMIN),
    row("GET", "/api/invites", ADMIN),
    row("POST", "/api/invites", ADMIN, {"role": "member"}),
    row("DELETE", "/api/invites/{invite_id}", ADMIN),
    row("GET", "/api/audit", ADMIN),
]
CALLS = [
    row("POST", "/api/token", SIGNED_IN | {"agent": OK}, {}),  # `parley doctor` calls
    row("GET", "/api/conversations", SIGNED_IN),
    row("GET", CALL, OWNER),
    row("PATCH", CALL, OWNER, {"title": "Mine"}),
    row("DELETE", CALL, OWNER),
    row("GET", CALL + "/export", OWNER, query="?format=txt"),
    row("GET", SOUND, OWNER),
    row("DELETE", SOUND, OWNER),
]
PERSONAS = [
    row("GET", "/api/personas/options", SIGNED_IN),
    row("GET", "/api/personas", SIGNED_IN),
    row("POST", "/api/personas", SIGNED_IN, {"name": "Ada", "prompt": "Be brief."}),
    row("GET", PERSONA, OWNER),
    row("PATCH", PERSONA, OWNER, {"name": "Grace"}),
    row("DELETE", PERSONA, OWNER),
    row("POST", PERSONA + "/duplicate", OWNER),
    row("POST", PERSONA + "/default", OWNER),
    row("PUT", PERSONA + "/image", OWNER, content=picture_file(), headers=PNG),
    row("GET", PERSONA + "/image", OWNER),
    row("DELETE", PERSONA + "/image", OWNER),
    # No generator is set up.
    row("POST", PERSONA + "/image/generate", OWNER | {"user": "503"}, {"description": "A fox."}),
]
MEMORIES = [
    row("GET", "/api/memories", SIGNED_IN),
    row("POST", "/api/memories", SIGNED_IN, {"text": "Has a cat.", "kind": "fact"}),
    row("GET", "/api/memories/export", SIGNED_IN),
    row("POST", "/api/memories/import", SIGNED_IN, {"memories": []}),
    row("POST", "/api/memories/forget-all", SIGNED_IN),
    row("PATCH", MEMORY, OWNER, {"text": "Has a dog."}),
    row("DELETE", MEMORY, OWNER),
]
KEYS = [
    row("GET", "/api/keys", SIGNED_IN),
    row("POST", "/api/keys", SIGNED_IN, {"name": "Mine", "scopes": ["llm"]}),
    row("POST", "/api/keys/{key_id}/rotate", OWNER, {}),
    row("DELETE", "/api/keys/{key_id}", OWNER),
    row("GET", "/api/usage", SIGNED_IN),
]
RECORDING = TOLD + "/recordings/{recording_id}"
SERVICES = [
    row(
        "POST",
        "/internal/conversations",
        SERVICE,
        {"conversation_id": "{conversation_id}", "channel": "web", "started_at": NOW},
    ),
    row(
        "POST",
        TOLD + "/turns",
        SERVICE,
        {"role": "user", "text": "Hello.", "started_at": NOW},
        headers=ONCE,
    ),
    row("PUT", TOLD + "/summary", SERVICE, {"text": "They said hello."}),
    row("POST", TOLD + "/end", SERVICE, {"reason": "user_hung_up", "ended_at": NOW}),
    row("GET", TOLD + "/context", SERVICE),
    row("PUT", RECORDING, SERVICE, {"started_at": NOW}),
    row("PUT", RECORDING + "/chunks/{number}", SERVICE, content=b"x"),
    row("GET", "/internal/personas/{persona}", SERVICE),
    row("GET", "/internal/memories", SERVICE),
    row("POST", "/internal/memories", SERVICE, {"text": "x", "kind": "note"}, headers=ONCE),
    row("DELETE", "/internal/memories", SERVICE, query="?query=cats"),
    row("POST", "/internal/livekit/webhook", NOBODY, {}),  # the SFU signs
]
LINE = "/api/phone/lines/{line_id}"
A_LINE = {"numbers": ["{phone}"], "auth_user": "pbx", "auth_password": NEW}
PHONE = [
    row("GET", "/api/phone/status", STAFF),
    row("GET", "/api/phone/lines", STAFF),
    row("POST", "/api/phone/lines", STAFF | {"admin": "409"}, A_LINE),  # the number is taken
    row("GET", LINE, STAFF),
    row("PATCH", LINE, STAFF, {"name": "Desk"}),
    row("DELETE", LINE, STAFF | {"admin": "404"}),  # the service key was faster
    row("GET", "/api/calls", STAFF),
    row("POST", "/api/calls", STAFF | {"agent": "403", "admin": "403"}, {"to": "{phone}"}),
    row("DELETE", "/api/calls/{call_id}", STAFF),
    row("POST", "/internal/calls", SERVICE, {"room": "call-sip-{phone}"}),
    row("POST", "/internal/calls/{call_id}/ended", SERVICE, {"reason": "user_hung_up"}),
]
GATEWAY = [
    row("POST", "/v1/audio/transcriptions", SIGNED_IN, content=b"x"),
    row("POST", "/v1/audio/translations", SIGNED_IN, content=b"x"),
    row("POST", "/v1/chat/completions", SIGNED_IN, {"messages": []}),
    row("POST", "/v1/completions", SIGNED_IN, {"prompt": ""}),
    row("POST", "/v1/embeddings", SIGNED_IN, {"input": ""}),
    row("POST", "/v1/audio/speech", SIGNED_IN, {"input": ""}),
    row("GET", "/v1/audio/voices", SIGNED_IN),
    row("GET", "/v1/models", SIGNED_IN),
    row("GET", "/v1/models/{model:path}", SIGNED_IN),
    row("SOCKET", "/v1/realtime", SIGNED_IN),
]
SERVER = [
    row("GET", "/health/live", OPEN),
    row("GET", "/health/ready", OPEN),
    row("GET", "/api/health", OPEN),
    row("GET", "/metrics", OPERATOR),
    row("GET", "/openapi.json", OPERATOR),
    row("GET", "/{path:path}", OPEN),
]
ROWS = PEOPLE + CALLS + PERSONAS + MEMORIES + KEYS + SERVICES + PHONE + GATEWAY + SERVER
