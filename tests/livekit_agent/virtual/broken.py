"""Ways for an engine to be broken, and what is said then."""

from collections.abc import Callable

from livekit_agent.lines import LINES
from tests.fakes.openai_backend import Pause, Reply, Request, Reset
from tests.livekit_agent.virtual.call import TalkingTo
from tests.livekit_agent.virtual.engines import thought

ONE_MOMENT = LINES["en"]["one_moment"]
LOST_LLM = LINES["en"]["lost_llm"]
LOST_STT = LINES["en"]["lost_stt"]
LOST_TTS = LINES["en"]["lost_tts"]
MUST_END = LINES["en"]["must_end"]
QUESTION = "how old is the moon"

Broken = Callable[[Request], Reply]


def hangs(_: Request) -> Reply:
    return Reply(steps=[Pause()])


def fails(_: Request) -> Reply:
    return Reply(status=500, steps=[b"{}"])


def resets(_: Request) -> Reply:
    return Reply(steps=[Reset()])


def web_page(_: Request) -> Reply:
    return Reply(steps=[b"<html>hello</html>"], headers={"content-type": "text/html"})


def says_nothing(_: Request) -> Reply:
    return thought("")


async def asked(talk: TalkingTo, words: str = QUESTION) -> float:
    """When the person stopped."""
    await talk.greeted()
    return (await talk.say(words)).ends_s
