"""`python -m tests.faults.lone_caller <backend>`: a caller to be killed in mid-call.

Prints the room's name once the agent answers; then waits for its end.
"""

import asyncio
import sys

from parley.caller import Caller

ANSWERED_WITHIN_S = 20.0


async def call(backend_url: str) -> None:
    async with Caller(backend_url) as caller:
        await caller.until(lambda r: r.finals("agent"), ANSWERED_WITHIN_S, "the greeting")
        await caller.type("tell me everything")
        await caller.until(lambda r: len(r.lines) > 1, ANSWERED_WITHIN_S, "the reply")
        sys.stdout.write(f"{caller.room.name}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(call(sys.argv[1]))
