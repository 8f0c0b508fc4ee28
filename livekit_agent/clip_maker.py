"""Have the TTS speak the lines in voices people hear, ahead of need, and keep the sound."""

import asyncio
import os
from pathlib import Path
from typing import Self, get_args

from chassis.http import AsyncClient, HTTPError
from chassis.logs import get_logger
from livekit_agent.clips import Clips, is_usable, spoken_languages
from livekit_agent.lines import LineKey, language_of_lines, line
from livekit_agent.settings import AgentSettings

RENDER_WITHIN_S = 60.0  # one sentence, behind all that callers wait for
FIRST_RETRY_S = 1.0
LAST_RETRY_S = 60.0
FOLLOW_S = 30.0
MAX_WANTED = 64  # voices at once: more than any worker has calls
TOO_MANY_REQUESTS = 429
SPEAKER = "model"  # file in a folder of clips: which model spoke them

log = get_logger(__name__)


class ClipMaker:
    """Renders, one line at a time, what is missing of the voices that were asked for. Enter it to
    start; it waits by itself for a TTS that is not ready."""

    def __init__(
        self, clips: Clips, http: AsyncClient, settings: AgentSettings, *, follows: bool = False
    ) -> None:
        """`follows`: looks now and then whether another model has taken over the TTS, which may
        become better while it runs, and has it speak the lines anew."""
        self._follows = follows
        self._clips = clips
        self._http = http
        self._settings = settings
        self._headers = {
            "authorization": f"Bearer {settings.tts_api_key.get_secret_value()}",
            "x-parley-priority": "batch",
        }
        self._known: set[tuple[str, str]] = set()
        self._wanted: asyncio.Queue[tuple[str, str]] = asyncio.Queue(MAX_WANTED)
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._work(), name="clip_maker")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def want(self, voice: str, language: str) -> None:
        """Have the lines of `language`, and the English ones, in `voice` before long."""
        for spoken in spoken_languages(language):
            if (voice, spoken) in self._known or self._wanted.full():
                continue
            self._known.add((voice, spoken))
            self._wanted.put_nowait((voice, spoken))

    async def done(self) -> None:
        """Until all that was wanted is rendered or refused."""
        await self._wanted.join()

    async def _work(self) -> None:
        while True:
            try:
                async with asyncio.timeout(FOLLOW_S if self._follows else None):
                    voice, language = await self._wanted.get()
            except TimeoutError:
                for known in self._known:  # nothing is rendered twice by the same model
                    self._wanted.put_nowait(known)
                continue
            try:
                await self._render_all(voice, language)
            except OSError as exc:  # a full or read-only disk: the standby's clips remain
                log.warning("clips_not_kept", reason=str(exc))
            finally:
                self._wanted.task_done()

    async def _render_all(self, voice: str, language: str) -> None:
        paths = {key: self._clips.path(key, voice, language) for key in get_args(LineKey)}
        folder = paths["one_moment"].parent
        # A small engine stands in while a server's big one is fetched: those clips are not kept.
        speaker = await self._model_that_speaks()
        is_current = await asyncio.to_thread(_speaker, folder) == speaker
        made = 0
        for key, path in paths.items():
            if is_current and await asyncio.to_thread(path.is_file):
                continue
            pcm = await self._rendered(line(key, language), voice, language)
            if pcm is None:
                return
            await asyncio.to_thread(_write, path, pcm)
            made += 1
        if made:
            await asyncio.to_thread(_write, folder / SPEAKER, speaker.encode())
            log.info("clips_rendered", voice=voice, language=language, lines=made)

    def _request(self, text: str, voice: str, language: str) -> dict[str, str]:
        told = {"voice": voice, "input": text, "response_format": "pcm"}
        if language != language_of_lines(self._settings.language):
            told["language"] = language  # else as in a call, where the voice's own accent is heard
        return told | {"model": self._settings.tts_model}

    async def _model_that_speaks(self) -> str:
        """As our own servers tell it; of others only the name they are asked by is known."""
        try:
            response = await self._http.get(
                f"{self._settings.tts_url}/audio/models", headers=self._headers
            )
            return str(response.json()["models"][0]["id"])
        except (HTTPError, ValueError, KeyError, IndexError, TypeError):
            return self._settings.tts_model

    async def _rendered(self, text: str, voice: str, language: str) -> bytes | None:
        """None: this voice will not speak this language. Waits for as long as the TTS is away."""
        retry_s = FIRST_RETRY_S
        while True:
            try:
                response = await self._http.post(
                    f"{self._settings.tts_url}/audio/speech",
                    json=self._request(text, voice, language),
                    headers=self._headers,
                    timeout=RENDER_WITHIN_S,
                )
                status = response.status_code
                if status < 400 and is_usable(response.content):
                    return response.content
                if 400 <= status < 500 and status != TOO_MANY_REQUESTS:
                    log.warning("clips_refused", voice=voice, language=language, status=status)
                    return None
                problem = f"status {status}, {len(response.content)} bytes"
            except HTTPError as exc:
                problem = repr(exc)
            log.debug("clip_not_rendered", voice=voice, reason=problem, retry_s=retry_s)
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, LAST_RETRY_S)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, also when two processes render the same voice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)


def _speaker(folder: Path) -> str | None:
    """The model that spoke what is in `folder`, all of it."""
    try:
        return (folder / SPEAKER).read_text()
    except OSError:
        return None
