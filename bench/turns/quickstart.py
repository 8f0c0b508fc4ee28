"""LiveKit's quick-start agent, for comparison: stock plugins, stock settings, our addresses.

`python -m bench.turns.quickstart start`; BENCH_TURN_DETECTION=vad leaves out the turn detector.
"""

import os

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, JobProcess, cli
from livekit.plugins import openai, silero

AGENT_NAME = "quickstart"


def prewarm(process: JobProcess) -> None:
    process.userdata["vad"] = silero.VAD.load()


# Its own load is the machine's, which the bench keeps busy: calls would be refused in silence.
server = AgentServer(
    setup_fnc=prewarm,
    load_fnc=lambda *_: 0.1,
    host="127.0.0.1",
    port=int(os.environ.get("BENCH_SDK_PORT", "8081")),
)


@server.rtc_session(agent_name=AGENT_NAME)
async def answer(ctx: JobContext) -> None:
    engines = os.environ["BENCH_ENGINES_URL"]
    turns = os.environ.get("BENCH_TURN_DETECTION")
    session: AgentSession[None] = AgentSession(
        stt=openai.STT(base_url=engines, api_key="local"),
        llm=openai.LLM(base_url=engines, api_key="local"),
        tts=openai.TTS(base_url=engines, api_key="local"),
        vad=ctx.proc.userdata["vad"],
        **({"turn_handling": {"turn_detection": turns}} if turns else {}),  # type: ignore[arg-type]
    )
    await session.start(agent=Agent(instructions="You are a helpful assistant."), room=ctx.room)
    session.say("Hello, how can I help you today?")


if __name__ == "__main__":
    cli.run_app(server)
