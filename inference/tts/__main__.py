"""`python -m inference.tts`: serve speech until told to stop."""

from chassis.service import run_service
from inference.tts.app import build
from inference.tts.settings import TtsSettings

if __name__ == "__main__":
    run_service("tts", TtsSettings, build)
