"""LLM, TTS and backend behind one transport, answering in virtual time as scripted."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import httpx2

from livekit_agent.tts_wire import BYTES_PER_S
from tests.fakes.chat_chunks import conversation, delta, end
from tests.fakes.openai_backend import Json, Pause, Reply, Request, Reset, Step
from tests.livekit_agent.virtual.clock import now_s
from tests.livekit_agent.virtual.sound import Loudspeaker, voice_pcm

TTFT_S = 0.2
WORDS_PER_S = 40.0
TTFB_S = 0.1
CHARS_PER_S = 15.0
PIECE_S = 0.1
PCM = {"content-type": "audio/pcm"}


def spoken_s(text: str) -> float:
    """How long the voice takes to say it."""
    return len(text) / CHARS_PER_S


def thought(text: str, *, ttft_s: float = TTFT_S, words_per_s: float = WORDS_PER_S) -> Reply:
    """A reply that comes word by word."""
    steps: list[Step] = [Pause(ttft_s), delta(role="assistant", content="")]
    for place, word in enumerate(text.split()):
        steps += [delta(content=word if place == 0 else f" {word}"), Pause(1 / words_per_s)]
    return Reply(steps=[*steps, *end()])


@dataclass(slots=True)
class Asked:
    """A request as it went. `is_over`: "done", "left" by the agent, or "" while it goes on."""

    request: Request
    at_s: float
    is_over: str = ""

    @property
    def said(self) -> list[tuple[str, str]]:
        """The conversation the LLM was given: (role, text)."""
        return conversation(self.request.body)

    @property
    def last(self) -> str:
        return self.said[-1][1] if self.said else ""


class Brain:
    """One LLM. `rules`: the first whose words are in the last message answers."""

    def __init__(self, usual: str) -> None:
        self.usual = usual
        self.rules: list[tuple[str, Callable[[Request], Reply]]] = []
        self.broken: Callable[[Request], Reply] | None = None
        self.asked: list[Asked] = []

    def on(self, words: str, *replies: Reply | str) -> None:
        """`replies` one after another, the last again and again."""
        waiting = [thought(r) if isinstance(r, str) else r for r in replies]
        self.rules.append((words, lambda _: waiting.pop(0) if len(waiting) > 1 else waiting[0]))

    def reply(self, request: Request) -> Reply:
        if self.broken is not None:
            return self.broken(request)
        said = conversation(request.body)
        last = said[-1][1] if said else ""
        for words, make in self.rules:
            if words in last:
                return make(request)
        return thought(self.usual)


class Throat:
    """One TTS."""

    def __init__(self, loudspeaker: Loudspeaker, name: str) -> None:
        self._loudspeaker = loudspeaker
        self._name = name
        self.broken: Callable[[Request], Reply] | None = None
        self.asked: list[Asked] = []
        self.ttfb_s = TTFB_S

    @property
    def texts(self) -> list[str]:
        return [str(asked.request.body["input"]) for asked in self.asked]

    def reply(self, request: Request) -> Reply:
        return self.broken(request) if self.broken is not None else self.speech(request)

    def speech(self, request: Request) -> Reply:
        text = str(request.body["input"])
        level = self._loudspeaker.level_of(text if self._name == "main" else f"({text})")
        pcm = voice_pcm(level, spoken_s(text))
        size = int(PIECE_S * BYTES_PER_S)
        pieces = [pcm[start : start + size] for start in range(0, len(pcm), size)]
        return Reply(steps=[Pause(self.ttfb_s), *pieces], headers=PCM)


@dataclass(slots=True)
class Memory:
    """The backend. `context` None: it is away."""

    context: Json | None = None
    memories: list[Json] = field(default_factory=list)
    personas: dict[str, Json] = field(default_factory=dict)
    delay_s: float = 0.0

    def reply(self, request: Request) -> Reply:
        if request.path.endswith("/context") and self.context is not None:
            return _json(self.context, self.delay_s)
        if request.path == "/internal/memories":
            return _json({"memories": self.memories}, self.delay_s)
        name = request.path.rpartition("/")[2].casefold()
        if "/personas/" in request.path and name in self.personas:
            return _json(self.personas[name])
        return Reply(status=404 if "/personas/" in request.path else 503)


class World(httpx2.AsyncBaseTransport):
    """Everything the agent reaches by HTTP, by host name."""

    def __init__(self, loudspeaker: Loudspeaker) -> None:
        self.brain = Brain("All is well here today. What can I do for you now?")
        self.spare_brain = Brain("The small one answers here.")
        self.background = Brain("")  # what nobody waits for: summaries, facts
        self.background.broken = lambda _: _json(_whole("[]"))
        self.throat = Throat(loudspeaker, "main")
        self.spare_throat = Throat(loudspeaker, "standby")
        self.memory = Memory()
        self.down: set[str] = set()  # hosts whose readiness fails
        self.context_tokens: int | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(await request.aread() or b"{}")
        asked = Request(path=request.url.path, headers=dict(request.headers), body=body)
        server, reply = self._answer(request.url.host, asked)
        note = Asked(asked, now_s())
        if server is not None:
            server.asked.append(note)
        stream = _Steps(reply.steps, note)
        try:
            await stream.begin()
        except asyncio.CancelledError:
            note.is_over = "left"
            raise
        return httpx2.Response(
            reply.status, headers=dict(reply.headers), stream=stream, request=request
        )

    def _answer(self, host: str, asked: Request) -> tuple[Brain | Throat | None, Reply]:
        server = self._server(host, asked)
        if server is not None:
            return server, server.reply(asked)
        if host == "backend.test":
            return None, self.memory.reply(asked)
        if asked.path == "/health/ready":
            return None, Reply(status=503 if host in self.down else 200)
        if asked.path == "/v1/models":
            meta = {"context": self.context_tokens} if self.context_tokens else {}
            return None, _json({"data": [{"id": "gpt-4o-mini", "meta": meta}]})
        if asked.path == "/v1/audio/voices":
            return None, _json({"voices": [{"id": "alloy"}, {"id": "echo", "name": "Echo"}]})
        return None, Reply(status=404)

    def _server(self, host: str, asked: Request) -> Brain | Throat | None:
        path = asked.path
        if path.endswith("/chat/completions"):
            if asked.headers.get("x-parley-priority") == "batch":
                return self.background
            return self.spare_brain if host == "standby.test" else self.brain
        if path.endswith("/audio/speech"):
            return self.spare_throat if host == "standby.test" else self.throat
        return None


class _Steps(httpx2.AsyncByteStream):
    """A body that comes step by step. What comes before its first bytes delays the head."""

    def __init__(self, steps: Sequence[Step], note: Asked) -> None:
        self._steps = list(steps)
        self._note = note

    async def begin(self) -> None:
        while self._steps and not isinstance(self._steps[0], bytes):
            await _wait(self._steps.pop(0))

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for place, step in enumerate(self._steps, 1):
            if not isinstance(step, bytes):
                await _wait(step)
                continue
            if place == len(self._steps):  # clients stop at the last word, and read no end
                self._note.is_over = "done"
            yield step
        self._note.is_over = "done"

    async def aclose(self) -> None:
        self._note.is_over = self._note.is_over or "left"


async def _wait(step: Step) -> None:
    if isinstance(step, Reset):
        raise httpx2.ReadError("as scripted")
    if isinstance(step, Pause):
        await asyncio.sleep(step.seconds)


def _whole(text: str) -> Json:
    """A chat completion that is not streamed."""
    return {"choices": [{"message": {"role": "assistant", "content": text}}]}


def _json(answer: object, delay_s: float = 0.0) -> Reply:
    return Reply(
        steps=[Pause(delay_s), json.dumps(answer).encode()],
        headers={"content-type": "application/json"},
    )
