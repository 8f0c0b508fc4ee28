"""What one would write in ten lines: the same engine, asked for all of the text before answering.

Compared with our server. Reads a folder of Kokoro, or nothing for espeak-ng.
"""

import os
import re
import threading
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI, Response
from pydantic import BaseModel

from inference.tts.engine import Engine, Mark, Samples
from inference.tts.espeak import Espeak
from inference.tts.kokoro import Kokoro


class Asked(BaseModel):
    input: str
    voice: str = "alloy"
    speed: float = 1.0


class Heard:
    """A sink that keeps all of it."""

    wanted = True

    def __init__(self) -> None:
        self.samples: list[Samples] = []

    def push(self, samples: Samples) -> None:
        self.samples.append(samples)

    def mark(self, mark: Mark) -> None:
        pass


def _engine() -> Engine:
    folder = os.environ.get("PLAIN_HANDLER_MODEL")
    if not folder:
        return Espeak()
    return Kokoro(model="kokoro", folder=Path(folder), device="cpu", threads=0)


engine = _engine()
engine.__enter__()
turns = threading.Semaphore(engine.concurrency)
app = FastAPI()


@app.post("/v1/audio/speech")
def speech(asked: Asked) -> Response:
    voice, heard = engine.find_voice(asked.voice), Heard()
    assert voice is not None
    with turns:
        for sentence in re.split(r"(?<=[.!?]) ", asked.input):
            engine.synthesize(sentence, voice, asked.speed, heard)
    pcm = (np.clip(np.concatenate(heard.samples), -1, 1) * 32_767).astype("<i2").tobytes()
    return Response(pcm, media_type="audio/pcm")


@app.get("/health/live")
@app.get("/health/ready")
async def health() -> str:
    return "ok"


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PLAIN_HANDLER_PORT"]))
