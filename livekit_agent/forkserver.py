"""Starts, ahead of time, the process that calls are forked from.

The SDK starts it once the worker has imported everything, and registers when both are done. Both
import the same modules for seconds; started here, they do it at the same time.
"""

import multiprocessing
import os
from multiprocessing import forkserver

from chassis.settings import LiveKitSettings

# What the SDK itself would preload, and the modules of a call. The freeze must stay last.
PRELOADED = [
    "livekit.plugins.openai",
    "livekit_agent.event_loop",
    "livekit_agent.job",
    "livekit_agent.warm",
    "livekit.agents.ipc._preload",
    "livekit.agents.ipc._preload_freeze",
]


def start_forkserver(livekit: LiveKitSettings) -> None:
    """Call before the heavy imports. Calls inherit the environment as it is now."""
    os.environ["LIVEKIT_URL"] = livekit.url
    os.environ["LIVEKIT_API_KEY"] = livekit.api_key
    os.environ["LIVEKIT_API_SECRET"] = livekit.api_secret.get_secret_value()
    # The turn scorer has the end-of-turn model, 244 MB; `livekit_agent.warm` loads the rest.
    os.environ.setdefault("LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE", "0")
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()
