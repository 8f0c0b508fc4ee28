"""`python -m livekit_agent start`: take calls until told to stop. `--check` only validates."""

import argparse
import asyncio
import sys

from chassis.logs import configure_logs
from chassis.settings import InternalSettings, LiveKitSettings, load_or_exit
from livekit_agent.forkserver import start_forkserver
from livekit_agent.settings import AgentSettings


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m livekit_agent")
    parser.add_argument("command", nargs="?", choices=["start"], default="start")
    parser.add_argument("--check", action="store_true", help="validate the settings and exit")
    check_only = parser.parse_args().check
    settings = load_or_exit(AgentSettings)
    livekit = load_or_exit(LiveKitSettings)
    load_or_exit(InternalSettings)
    if check_only:
        return 0
    configure_logs("agent", level=settings.log_level, log_format=settings.log_format)
    start_forkserver(livekit)
    from livekit_agent.worker import Worker  # heavy: only once the settings are known good

    return asyncio.run(Worker(settings, livekit).run())


if __name__ == "__main__":
    sys.exit(main())
