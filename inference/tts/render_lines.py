"""`python -m inference.tts.render_lines --out DIR < lines.json`: speak lines to files.

For sound that must be there when no server is. Input is a JSON list of {"file", "language",
"text"}; each text is written to DIR/file, spoken by the embedded voice, as 24 kHz mono 16-bit PCM.
Files that are there already are left as they are.
"""

import argparse
import sys
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from inference.tts.engine import Mark, Samples, Voice
from inference.tts.espeak import Espeak
from inference.tts.phrases import phrases
from inference.tts.polish import Polish, silence
from inference.tts.script import Script

VOICE = "alloy"  # what TTS_VOICE is unless set: the voice of a standby
EXIT_USAGE = 2


class Line(BaseModel):
    """What to say, and where its sound belongs."""

    file: Path
    language: str
    text: str


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m inference.tts.render_lines")
    parser.add_argument("--out", type=Path, required=True, help="folder of the files")
    out: Path = parser.parse_args().out
    try:
        lines = TypeAdapter(list[Line]).validate_json(sys.stdin.buffer.read())
    except ValidationError as exc:
        sys.stderr.write(f"standard input is no list of lines: {exc}\n")
        return EXIT_USAGE
    with Espeak() as engine:
        for line in lines:
            if not (out / line.file).is_file():
                _write(out / line.file, spoken(engine, line))
    return 0


def spoken(engine: Espeak, line: Line) -> bytes:
    """24 kHz mono s16. Raises EngineFailed, and ValueError for a language it does not speak."""
    base = engine.find_voice(VOICE)
    voice = base and engine.in_language(base, line.language)
    if voice is None:
        raise ValueError(f"{line.file}: the embedded voice does not speak {line.language!r}")
    said = phrases(Script.of(line.text))
    pauses = [*(phrase.pause_s for phrase in said[:-1]), 0.0]
    return b"".join(
        _phrase(engine, phrase.text, voice) + silence(pause_s)
        for phrase, pause_s in zip(said, pauses, strict=True)
    )


def _phrase(engine: Espeak, text: str, voice: Voice) -> bytes:
    sink = _Sink()
    engine.synthesize(text, voice, 1.0, sink)
    return sink.sound()


class _Sink:
    """Keeps all it is given, polished."""

    wanted = True

    def __init__(self) -> None:
        self._polish = Polish()
        self._pieces: list[bytes] = []

    def push(self, samples: Samples) -> None:
        self._pieces.append(self._polish.push(samples))

    def mark(self, mark: Mark) -> None:
        pass

    def sound(self) -> bytes:
        return b"".join(self._pieces) + self._polish.finish()


def _write(path: Path, sound: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(sound)
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
