"""Imported by the process that calls are forked from: what each call would load for itself.

There it is loaded once, and its memory is shared; in a call it would hold up the greeting.
"""

import importlib

import numpy as np
from livekit import local_inference
from livekit.agents.tokenize import basic

from chassis.http import tls_context

USED_FROM_THE_FIRST_REPLY_ON = (
    "anyio._backends._asyncio",
    "jiter",
    "livekit.agents.llm.async_toolset",
    "openai.lib.streaming.chat",
    "openai.resources.chat",
    "openai.resources.models",
)

for name in USED_FROM_THE_FIRST_REPLY_ON:
    importlib.import_module(name)
np.fft.rfft(np.zeros(512))  # imported at its first use
basic.hyphenate_word("patterns")  # read at its first use: a quarter of a second
local_inference.init_vad()
tls_context()
