"""`python -m inference.llm`: answer chats until told to stop."""

from chassis.service import run_service
from inference.llm.app import build
from inference.llm.settings import LlmSettings

if __name__ == "__main__":
    run_service("llm", LlmSettings, build)
