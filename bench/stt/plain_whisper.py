"""What one would write in ten lines: faster-whisper behind FastAPI. Compared with our server."""

import os
from typing import Annotated

import uvicorn
from fastapi import FastAPI, Form, UploadFile
from faster_whisper import WhisperModel

model = WhisperModel(os.environ["STT_MODEL"], device="cpu", compute_type="int8")
app = FastAPI()


@app.post("/v1/audio/transcriptions")
def transcriptions(file: UploadFile, temperature: Annotated[float, Form()]) -> dict[str, str]:
    segments, _ = model.transcribe(file.file, language="en", temperature=temperature)
    return {"text": "".join(segment.text for segment in segments)}


@app.get("/health/live")
@app.get("/health/ready")
async def health() -> str:
    return "ok"


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PLAIN_WHISPER_PORT"]))
