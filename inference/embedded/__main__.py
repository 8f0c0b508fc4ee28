"""`python -m inference.embedded`: stand by for the big engines until told to stop."""

from chassis.service import run_service
from inference.embedded.app import build
from inference.embedded.settings import EmbeddedSettings

if __name__ == "__main__":
    run_service("embedded", EmbeddedSettings, build)
