"""A worker whose agent only joins, and says in attributes what it was dispatched with.

`python -m tests.fakes.idle_agent`, settings from LIVEKIT_*, AGENT_PORT (readiness) and
AGENT_SDK_PORT. Attributes: `dispatched` is the metadata, `pid` the process of the job.
"""

import asyncio
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from livekit import rtc
from livekit.agents import AgentServer, JobContext, JobRequest

NAME = "parley"
REGISTERED = threading.Event()


class Readiness(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if REGISTERED.is_set() else 503)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


async def stay(ctx: JobContext) -> None:
    await ctx.connect()
    agent = ctx.room.local_participant

    async def alive(_: rtc.RpcInvocationData) -> str:
        return ""

    def block(data: rtc.RpcInvocationData) -> str:
        time.sleep(float(data.payload))  # as a bug in a tool would: nothing else runs meanwhile
        return ""

    agent.register_rpc_method("parley.alive", alive)
    agent.register_rpc_method("test.block", block)
    await agent.set_attributes({"dispatched": ctx.job.metadata, "pid": str(os.getpid())})


async def accept(request: JobRequest) -> None:
    await request.accept(name="Parley")


def main() -> None:
    readiness = ThreadingHTTPServer(("127.0.0.1", int(os.environ["AGENT_PORT"])), Readiness)
    threading.Thread(target=readiness.serve_forever, daemon=True).start()
    server = AgentServer(
        host="127.0.0.1",
        port=int(os.environ["AGENT_SDK_PORT"]),
        num_idle_processes=1,
        load_threshold=float("inf"),
        load_fnc=lambda _: 0.0,
    )
    server.rtc_session(stay, agent_name=NAME, on_request=accept)
    server.on("worker_registered", lambda *_: REGISTERED.set())
    asyncio.run(server.run())


if __name__ == "__main__":
    main()
