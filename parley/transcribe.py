"""`parley transcribe`: a recording to text."""

import sys
from pathlib import Path

from parley.peer import PeerFailed, peer, readable, refusal, run_command

FORMATS = ("text", "json", "verbose_json", "srt", "vtt")
MODEL = "whisper-1"


def transcribe(file: Path, *, output_format: str) -> int:
    """The exit status."""
    return run_command("transcribe", _transcribe(file, output_format))


async def _transcribe(file: Path, output_format: str) -> None:
    if output_format not in FORMATS:
        raise PeerFailed(f"--format {output_format} is not one of {', '.join(FORMATS)}")
    async with peer("stt") as client:
        answer = await client.post(
            "/v1/audio/transcriptions",
            files={"file": (file.name, readable(file))},
            data={"model": MODEL, "response_format": output_format},
        )
    if answer.status_code != 200:
        raise refusal(answer.status_code, answer.content)
    sys.stdout.write(f"{answer.text.rstrip()}\n")
