"""What the assistant says about itself, and when there is nothing to look up."""

import re
from collections.abc import Collection

from inference.assist.replies import Pick, joined
from inference.assist.requests import Request, Topic

NAME_IN_PROMPT = re.compile(r"\b(?:You are|Your name is|You're) ([A-Z][\w'-]{1,30})\b")
# Abilities by the tool behind them; the first ones need none.
OWN_ABILITIES = {
    "get_time": "tell the time and the date",
    "calculate": "do arithmetic",
    "convert_units": "convert units",
    "flip_coin": "flip a coin or roll dice",
}
TOOL_ABILITIES = {"set_timer": "set timers", "remember": "remember things for you"}
EXAMPLES = (
    "Ask me what time it is in Tokyo, for example.",
    "Try asking what twelve times seven is.",
    "Try asking how many kilometers are in five miles.",
)
WITHOUT_TOOL = {
    "set_timer": "I have no timers here, so I can't set one.",
    "list_timers": "I have no timers here.",
    "cancel_timer": "I have no timers here, so there is nothing to cancel.",
    "remember": "I have nowhere to keep notes here, so I can't remember that.",
    "recall": "I keep no notes here, so I can't look that up.",
}
FAILED = {
    "get_time": "tell the time",
    "get_date": "tell the date",
    "calculate": "work that out",
    "convert_units": "convert that",
    "set_timer": "set the timer",
    "list_timers": "look at the timers",
    "cancel_timer": "cancel the timer",
    "flip_coin": "flip a coin",
    "roll_dice": "roll the dice",
    "remember": "note that",
    "recall": "look at my notes",
    "end_call": "end the call",
}
SIMPLE: dict[Topic, tuple[str, ...]] = {
    "Thank": ("You're welcome.", "My pleasure.", "Happy to help."),
    "HowAreYou": ("I'm well, thank you. How can I help?", "All good here. What can I do for you?"),
    "Stop": ("Okay.", "All right."),
    "Acknowledge": ("All right. Anything else?", "Okay. What else can I do?"),
    "HowLong": ("For how long?", "Sure, for how long?"),
}


def greeting(pick: Pick) -> str:
    return pick("Hello! How can I help you?", "Hi there! What can I do for you?")


def say_again(pick: Pick) -> str:
    return pick(
        "Sorry, I didn't catch that. Could you say it again?",
        "I didn't hear that well. Please say it again.",
    )


def too_long(pick: Pick) -> str:
    return "That was a lot at once. Please ask me in one short sentence."


def still_here(pick: Pick) -> str:
    return pick("I'm listening.", "I'm here. What can I do for you?")


def farewell(pick: Pick) -> str:
    return pick("Goodbye!", "Goodbye, talk to you soon.", "Bye, take care.")


def abilities(tools: Collection[str]) -> str:
    offered = [ability for tool, ability in TOOL_ABILITIES.items() if tool in tools]
    return joined([*OWN_ABILITIES.values(), *offered])


def help_text(tools: Collection[str], pick: Pick) -> str:
    return f"I can {abilities(tools)}. {pick(*EXAMPLES)}"


def outside(tools: Collection[str], pick: Pick) -> str:
    """For everything the templates do not cover: what it cannot do, and what it can."""
    cannot = pick("I can't help with that.", "I don't know about that.", "That's beyond me.")
    return f"{cannot} I can {abilities(tools)}."


def about_me(system_prompt: str, pick: Pick) -> str:
    found = NAME_IN_PROMPT.search(system_prompt)
    name = f"I'm {found.group(1)}, " if found else "I'm "
    return f"{name}a small assistant that runs right here, without the internet."


def without_tool(request: Request) -> str:
    return WITHOUT_TOOL[request.tool or ""]


def failed(tool: str, why: str) -> str:
    """Truthful about what went wrong, in the words of the tool."""
    what = FAILED.get(tool, "do that")
    return f"Sorry, I couldn't {what}: {why.rstrip('.')}."
