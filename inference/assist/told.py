"""What is said once the tools that were called have answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from inference.assist.replies import REPLIES, reply
from inference.assist.requests import (
    AddToList,
    ClearList,
    Control,
    ReadList,
    Remind,
    RemoveFromList,
    Request,
    SetAlarm,
)
from inference.assist.results import outcome, plain
from inference.assist.skills import Clock, coming
from inference.assist.small_talk import failed
from inference.assist.voice import Voice, sentence

MAX_ITEMS_SAID = 20
ITEM_KEYS = ("items", "list", "tasks", "todos", "result", "data")
NAME_KEYS = ("name", "item", "text", "summary", "title", "content", "product")
SUCCESS_WORDS = ("ok", "okay", "success", "done", "true", "")


def told(tool: str, content: str, request: Request | None, clock: Clock, voice: Voice) -> str:
    """The result `content` of `tool` as a sentence. `request`: what the tool was called for."""
    result = outcome(content, voice)
    served = request.tool if request is not None and request.tool in REPLIES else None
    if result.failure is not None:
        return failed(served or tool, result.failure, voice)
    if tool in REPLIES and isinstance(result.value, dict):
        try:
            return reply(tool, result.value, request, voice)
        except (KeyError, TypeError, ValueError, OverflowError):
            pass  # not the promised shape: told plainly below
    elif tool in REPLIES:  # these tools give objects: bare words are an error's
        return failed(tool, plain(result.value, voice) or voice.say("no_result"), voice)
    known = _of_others(request, result.value, clock, voice)
    if known is not None:
        return known
    words = plain(result.value, voice)
    return sentence(words) if words else voice.say("done")


def _of_others(request: Request | None, value: Any, clock: Clock, voice: Voice) -> str | None:
    """A sentence for tools that are not ours: their results say little or are long."""
    spoken = _speech(value)
    match request:
        case Control() | AddToList() | RemoveFromList() | ClearList() | Remind() | SetAlarm():
            if spoken is not None:
                return sentence(spoken)
            return _acted(request, clock, voice) if _succeeded(value) else None
        case ReadList(list=name):
            items = _items(value)
            return _listed(items, name, voice) if items is not None else None
        case _:
            return sentence(spoken) if spoken is not None else None


def _acted(request: Request, clock: Clock, voice: Voice) -> str:
    match request:
        case Control(action="turn_on"):
            return voice.say("turned_on")
        case Control(action="turn_off"):
            return voice.say("turned_off")
        case AddToList(item=item):
            return voice.say("added", item=item, list=_list_name(request.list, voice))
        case RemoveFromList(item=item):
            return voice.say("removed", item=item, list=_list_name(request.list, voice))
        case ClearList():
            return voice.say("list_cleared", list=_list_name(request.list, voice))
        case Remind(text=str() as text):
            return voice.say("will_remind", text=voice.language.formats.to_listener(text))
        case SetAlarm(moment=moment) if moment is not None:
            at: datetime = coming(moment, clock)
            return voice.say("alarm_set", clock=voice.language.formats.clock(at.time()))
        case _:
            return voice.say("okay_done")


def _list_name(name: str, voice: Voice) -> str:
    key = f"list_{name}"
    return voice.say(key) if voice.has(key) else name


def _succeeded(value: Any) -> bool:
    """Whether nothing but success is in it: other news is told as it is."""
    if isinstance(value, dict):
        return value.get("success", value.get("ok", True)) is not False
    return value is None or value is True or str(value).strip(" .!").lower() in SUCCESS_WORDS


def _speech(value: Any) -> str | None:
    """The words that Home Assistant wants said: {"speech": {"plain": {"speech": "…"}}}."""
    for key in ("speech", "plain", "speech"):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) and value.strip() else None


def _items(value: Any) -> list[str] | None:
    if isinstance(value, dict):
        value = next((value[key] for key in ITEM_KEYS if isinstance(value.get(key), list)), None)
    if not isinstance(value, list):
        return None
    named = [
        next((each[key] for key in NAME_KEYS if each.get(key)), each)
        if isinstance(each, dict)
        else each
        for each in value
    ]
    return [str(each) for each in named]


def _listed(items: list[str], name: str, voice: Voice) -> str:
    if not items:
        return voice.say("list_empty", list=_list_name(name, voice))
    said = voice.joined(items[:MAX_ITEMS_SAID])
    return voice.say("on_list", list=_list_name(name, voice), items=said)
