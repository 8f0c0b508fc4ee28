"""`parley say`: text to audio on standard output, written as it is synthesised."""

import sys

from parley.peer import PeerFailed, peer, refusal, run_command

FORMATS = ("wav", "mp3", "opus", "aac", "flac", "pcm")
MODEL = "tts-1"


def say(text: str, *, voice: str | None, audio_format: str) -> int:
    """The exit status."""
    return run_command("say", _say(text, voice, audio_format))


async def _say(text: str, voice: str | None, audio_format: str) -> None:
    if audio_format not in FORMATS:
        raise PeerFailed(f"--format {audio_format} is not one of {', '.join(FORMATS)}")
    if sys.stdout.isatty():
        raise PeerFailed("audio does not belong on a terminal: add `> speech.wav` or `| aplay`")
    body = {"model": MODEL, "input": text, "response_format": audio_format}
    if voice is not None:
        body["voice"] = voice
    async with (
        peer("tts") as client,
        client.stream("POST", "/v1/audio/speech", json=body) as answer,
    ):
        if answer.status_code != 200:
            raise refusal(answer.status_code, await answer.aread())
        async for chunk in answer.aiter_bytes():
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
