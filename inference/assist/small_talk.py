"""What the assistant says about itself, and when there is nothing to look up."""

import re
from collections.abc import Collection, Iterable

from inference.assist.language import codes, language
from inference.assist.voice import Voice

NAME_IN_PROMPT = re.compile(
    r"\b(?:You are|Your name is|You're|Tu es|Vous êtes|Tu t'appelles|Vous vous appelez) "
    r"([A-Z][\w'-]{1,30})\b"
)
OWN_ABILITIES = ("get_time", "calculate", "convert_units", "flip_coin")
TOOL_ABILITIES = ("set_timer", "remember", "add_to_list", "get_weather", "control")


def abilities(served: Collection[str], voice: Voice) -> str:
    """`served`: the assistant's names of what the tools on offer can do."""
    able = [*OWN_ABILITIES, *(name for name in TOOL_ABILITIES if name in served)]
    can = voice.joined([voice.say(f"can_{name}") for name in able])
    return voice.say("can", abilities=can)


def help_text(served: Collection[str], voice: Voice) -> str:
    return f"{abilities(served, voice)} {voice.say('example')}"


def outside(served: Collection[str], voice: Voice) -> str:
    """For everything the templates do not cover: what it cannot do, and what it can."""
    return f"{voice.say('cannot')} {abilities(served, voice)}"


def about_me(system_prompt: str, voice: Voice) -> str:
    found = NAME_IN_PROMPT.search(system_prompt)
    name = voice.say("i_am_named", name=found.group(1)) if found else voice.say("i_am")
    return name + voice.say("about_me")


def untold(topic: str, said_before: Iterable[str], voice: Voice) -> str:
    """A joke or a fact, one that has not been told if there still is one."""
    before = "\n".join(said_before)
    tellings = voice.pick.rotated(voice.language.phrases[topic])
    return next((text for text in tellings if text not in before), tellings[0])


def stand_in_notice(said_before: Iterable[str], voice: Voice) -> str:
    """That the main model is away; empty once it has been said, in whatever language."""
    before = "\n".join(said_before)
    notices = (language(code).phrases["standing_in"][0] for code in codes())
    # What the listener cut short was heard as far as its first clause.
    heard = any(re.split(r"[,:]", notice)[0] in before for notice in notices)
    return "" if heard else voice.say("standing_in")


def failed(tool: str, why: str, voice: Voice) -> str:
    """Truthful about what went wrong, in the words of the tool."""
    key = f"do_{tool}"
    what = voice.say(key if voice.has(key) else "do_that")
    return voice.say("failed", what=what, why=why.rstrip("."))
