"""Which of the tools on offer serves a request, and with which arguments.

The tools of docs/tools.md are known by name. Others, such as Home Assistant's, are known by the
words of their names and of their parameters: a tool whose required parameters cannot be filled
with what was said is not called.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from inference.assist.offered_names import CONFLICTING, KINDS, PARAMETERS
from inference.assist.requests import (
    AddToList,
    CancelTimer,
    ClearList,
    Control,
    Moment,
    ReadList,
    Recall,
    Remember,
    Remind,
    RemoveFromList,
    Request,
    SetAlarm,
    SetTimer,
    Value,
    Weather,
)
from inference.assist.skills import Clock, coming
from inference.llm.engine import Tool

# One of each kind that help speaks of.
EXAMPLES: tuple[Request, ...] = (
    SetTimer(duration_s=60),
    Remember(text="x"),
    AddToList(item="x"),
    Weather(place="Paris"),
    Control(action="turn_on", name="light", domain="light"),
)
NAME_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
MINUTE_S = 60
Arguments = dict[str, Value]


def arguments_for(request: Request, tool: Tool, clock: Clock) -> Arguments | None:
    """What to call `tool` with to serve `request`; None when it does not serve it."""
    if request.question() is not None:
        return None
    if tool.name == request.tool and request.tool_fields:
        return fitting(tool, request.arguments())
    kind = _kind(request)
    if kind is None:
        return fitting(tool, {}) if tool.name == request.tool else None
    names = set(map(str.lower, NAME_WORDS.findall(tool.name)))
    facts = _facts(request, clock)
    for words in KINDS[kind]:
        needed = {word.removesuffix("=") for word in words if word.endswith("=")}
        plain = {word for word in words if not word.endswith("=")}
        if plain <= names and not (names & CONFLICTING) - plain:
            filled = _filled(tool, kind, facts, needed)
            if filled is not None:
                return filled
    return None


def instead(request: Request, clock: Clock) -> Request | None:
    """What does nearly the same with another tool: a reminder is a timer with a name."""
    match request:
        case Remind(text=str() as text):
            duration_s = request.duration_s
            if duration_s is None and request.moment is not None:
                duration_s = _seconds_until(request, clock)
            return SetTimer(duration_s=duration_s, label=text)
        case SetAlarm(moment=moment) if moment is not None:
            return SetTimer(duration_s=_seconds_until(request, clock), label=None)
        case AddToList(item=str() as item):
            return Remember(text=item)
        case ReadList():
            return Recall()
        case _:
            return None


def completed(request: Request) -> Request:
    """`request` with something in the place of what is missing: whether it could be served."""
    match request:
        case SetTimer():
            return replace(request, duration_s=60)
        case Remind():
            return replace(request, text=request.text or "x", duration_s=60, moment=None)
        case SetAlarm():
            return replace(request, moment=Moment(hour=8))
        case AddToList():
            return replace(request, item="x")
        case Remember():
            return replace(request, text="x")
        case Weather():
            return replace(request, place="Paris")
        case CancelTimer():
            return replace(request, unsure=False)
        case _:
            return request


def fitting(tool: Tool, arguments: Mapping[str, Value]) -> Arguments | None:
    """Only arguments the tool takes. None when it requires one there is no value for, or takes none
    of those there are: to cancel "the five minute timer" is not to cancel whatever runs."""
    properties, needs = _parameters(tool)
    given = {
        name: value
        for name, value in arguments.items()
        if name in properties and (value is not None or name in needs)
    }
    values = [name for name, value in arguments.items() if value is not None]
    if values and not any(name in given for name in values):
        return None
    for name in needs - given.keys():
        if not _nullable(properties.get(name)):
            return None
        given[name] = None
    return given


def _parameters(tool: Tool) -> tuple[Mapping[str, Any], set[str]]:
    properties = tool.parameters.get("properties")
    required = tool.parameters.get("required")
    needs = set(map(str, required)) if isinstance(required, list) else set()
    return properties if isinstance(properties, dict) else {}, needs


def _nullable(schema: Any) -> bool:
    """Strict tools require every argument and let the optional ones be null."""
    if not isinstance(schema, dict):
        return False
    kinds = schema.get("type")
    anyof = schema.get("anyOf")
    variants = [schema, *(anyof if isinstance(anyof, list) else [])]
    return "null" in (kinds if isinstance(kinds, list) else []) or any(
        isinstance(variant, dict) and variant.get("type") == "null" for variant in variants
    )


def _kind(request: Request) -> str | None:
    kind = request.action if isinstance(request, Control) else request.tool
    return kind if kind in KINDS else None


def _filled(
    tool: Tool, kind: str, facts: Mapping[str, Value], needed: set[str]
) -> Arguments | None:
    """Each parameter by what its name stands for. `needed`: facts that some parameter must take."""
    properties, _ = _parameters(tool)
    given: Arguments = {}
    used: dict[str, str] = {}
    for parameter, schema in properties.items():
        for fact, names in PARAMETERS[kind].items():
            if _bare(parameter) in names and fact not in used and facts.get(fact) is not None:
                value = _as_typed(facts[fact], schema)
                if value is not None:
                    given[parameter] = value
                    used[fact] = parameter
                    break
    if "area" in used and "domain" in used and "name" in used:
        del given[used["name"]]  # "the lights in the kitchen" is no device's name
    return fitting(tool, given) if needed <= used.keys() else None


def _bare(parameter: str) -> str:
    return str(parameter).lower().replace("_", "").replace("-", "")


def _as_typed(value: Value, schema: Any) -> Value:
    """`value` as the parameter's type and choices have it; None when that cannot be."""
    if not isinstance(schema, dict):
        return value
    choices = schema.get("enum")
    if isinstance(choices, list):
        said = str(value).lower()
        fits = [choice for choice in choices if isinstance(choice, str) and (
            choice.lower() == said or said in re.split(r"[\W_]+", choice.lower()))]  # fmt: skip
        return fits[0] if fits else None
    kinds = schema.get("type", "string")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if isinstance(value, str):
        if "array" in kinds and "string" not in kinds:
            return [value]
        if "boolean" in kinds and value in ("on", "off"):
            return value == "on"
        return (
            value
            if "string" in kinds or not set(kinds) & {"number", "integer", "boolean"}
            else None
        )
    if isinstance(value, int | float):
        if "integer" in kinds and float(value).is_integer():
            return int(value)
        return value if "number" in kinds else str(value) if "string" in kinds else None
    return value


def _facts(request: Request, clock: Clock) -> dict[str, Value]:
    match request:
        case Remind() | SetAlarm():
            return _time_facts(request, clock)
        case AddToList() | RemoveFromList():
            return {"item": request.item, "list": request.list}
        case ReadList() | ClearList():
            return {"list": request.list}
        case Weather():
            return _weather_facts(request, clock)
        case Control():
            state = {"turn_on": "on", "turn_off": "off"}.get(request.action)
            return {
                "name": request.name, "area": request.area, "level": request.level,
                "state": state, "domain": request.domain,
            }  # fmt: skip
        case _:
            return {}


def _weather_facts(request: Weather, clock: Clock) -> dict[str, Value]:
    day = (clock(None) + timedelta(days=request.days)).date().isoformat() if request.days else None
    return {
        "place": request.place, "days": request.days, "date": day, "system": "metric",
        "degrees": "celsius",
    }  # fmt: skip


def _time_facts(request: Remind | SetAlarm, clock: Clock) -> dict[str, Value]:
    seconds = request.duration_s if isinstance(request, Remind) else None
    if seconds is None:
        seconds = _seconds_until(request, clock)
    then = clock(None) + timedelta(seconds=seconds)
    return {
        "text": request.text if isinstance(request, Remind) else None,
        "when": then.isoformat(timespec="minutes"),
        "time": f"{then:%H:%M}",
        "date": f"{then:%Y-%m-%d}",
        "seconds": seconds,
        "minutes": seconds / MINUTE_S,
    }


def _seconds_until(request: Remind | SetAlarm, clock: Clock) -> float:
    assert request.moment is not None
    left = coming(request.moment, clock).astimezone(UTC) - clock(None).astimezone(UTC)
    return float(max(1, round(left.total_seconds())))
