"""Imported by the process that calls are forked from: their event loops are uvloop's.

A call is thousands of small wake-ups a minute, and asyncio's own loop spends more on each.
"""

import asyncio

import uvloop

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
