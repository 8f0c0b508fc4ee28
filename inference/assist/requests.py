"""What a person can want from the assistant. Requests with a `tool` match docs/tools.md."""

from dataclasses import dataclass, fields
from typing import ClassVar, Literal

Value = str | int | float | None
Aspect = Literal["date", "weekday", "month", "year"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Base: fields named in `tool_fields` are the tool's arguments, the rest is for the reply."""

    tool: ClassVar[str | None] = None
    tool_fields: ClassVar[tuple[str, ...]] = ()

    def arguments(self) -> dict[str, Value]:
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name in self.tool_fields
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class GetTime(Request):
    tool = "get_time"
    tool_fields = ("timezone",)
    timezone: str | None = None
    place: str | None = None  # as it was said


@dataclass(frozen=True, slots=True, kw_only=True)
class GetDate(Request):
    tool = "get_date"
    tool_fields = ("timezone",)
    timezone: str | None = None
    place: str | None = None
    aspect: Aspect = "date"
    days: int = 0  # from today


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculate(Request):
    tool = "calculate"
    tool_fields = ("expression",)
    expression: str
    said: str | None = None  # the expression as a person would read it out


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertUnits(Request):
    tool = "convert_units"
    tool_fields = ("value", "from_unit", "to_unit")
    value: float
    from_unit: str
    to_unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimer(Request):
    tool = "set_timer"
    tool_fields = ("duration_s", "label")
    duration_s: float
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTimers(Request):
    tool = "list_timers"
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTimer(Request):
    tool = "cancel_timer"
    tool_fields = ("label",)
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlipCoin(Request):
    tool = "flip_coin"


@dataclass(frozen=True, slots=True, kw_only=True)
class RollDice(Request):
    tool = "roll_dice"
    tool_fields = ("count", "sides")
    count: int = 1
    sides: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember(Request):
    tool = "remember"
    tool_fields = ("text",)
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(Request):
    tool = "recall"
    tool_fields = ("query",)
    query: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodbye(Request):
    tool = "end_call"


Topic = Literal[
    "Repeat", "Help", "Greet", "Thank", "HowAreYou", "WhoAreYou", "Stop", "Acknowledge", "HowLong"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk(Request):
    """What needs no tool, only a few words."""

    topic: Topic
