"""`python -m inference.stt`: write speech down until told to stop."""

from chassis.service import run_service
from chassis.weights.settings import ModelStoreSettings
from inference.stt.app import build
from inference.stt.settings import SttSettings

if __name__ == "__main__":
    run_service("stt", SttSettings, build, also=(ModelStoreSettings,))
