"""Names of the agent's own tools, with what each is for: docs/tools.md is their contract."""

from collections.abc import Mapping
from types import MappingProxyType

TOOLS: Mapping[str, str] = MappingProxyType(
    {
        "get_time": "tell the time, anywhere",
        "get_date": "tell the date",
        "calculate": "work out arithmetic exactly",
        "convert_units": "convert units of measure",
        "set_timer": "set a timer",
        "list_timers": "tell which timers run",
        "cancel_timer": "stop a timer",
        "set_reminder": "remind of something later",
        "list_reminders": "tell which reminders there are",
        "cancel_reminder": "drop a reminder",
        "add_to_list": "put things on a list",
        "remove_from_list": "take things off a list",
        "read_list": "read a list out",
        "clear_list": "empty a list",
        "remember": "keep something in memory",
        "recall": "look something up in memory",
        "forget": "delete something from memory",
        "flip_coin": "flip a coin",
        "roll_dice": "roll dice",
        "set_voice": "change the voice",
        "set_persona": "hand over to another persona",
        "end_call": "hang up when asked to",
        "transfer_call": "pass a phone call on",
        "send_dtmf": "press keys in a phone call",
        "web_search": "search the web, where that is set up",
        "read_page": "read a web page, where search is set up",
    }
)
