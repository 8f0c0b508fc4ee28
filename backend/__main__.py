"""`python -m backend`: the one address a user opens."""

from backend.app import build
from backend.settings import BackendSettings
from chassis.service import run_service
from chassis.settings import InternalSettings, LiveKitSettings

if __name__ == "__main__":
    run_service("backend", BackendSettings, build, also=(LiveKitSettings, InternalSettings))
