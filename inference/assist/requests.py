"""What a person can want from the assistant. Requests with a `tool` match docs/tools.md."""

from dataclasses import dataclass, fields
from typing import ClassVar, Literal

Value = str | int | float | bool | list[str] | None
Aspect = Literal["date", "weekday", "month", "year"]
Action = Literal[
    "turn_on", "turn_off", "set_brightness", "set_temperature", "set_volume", "volume_up",
    "volume_down", "play", "pause", "next_track", "previous_track",
]  # fmt: skip


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

    def question(self) -> str | None:
        """The phrase that asks for what is missing, None when nothing is."""
        return None


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
class DaysUntil(Request):
    tool = "get_date"
    month: int
    day: int
    name: str  # as it was said


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
    to_unit: str | None

    def question(self) -> str | None:
        return "ask_unit" if self.to_unit is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimer(Request):
    tool = "set_timer"
    tool_fields = ("duration_s", "label")
    duration_s: float | None
    label: str | None = None

    def question(self) -> str | None:
        return "ask_duration" if self.duration_s is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTimers(Request):
    tool = "list_timers"
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTimer(Request):
    tool = "cancel_timer"
    tool_fields = ("label", "duration_s")
    label: str | None = None
    duration_s: float | None = None
    unsure: bool = False  # one of them, and nobody has said which

    def question(self) -> str | None:
        return "ask_which_timer" if self.unsure else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time of day as it is said: "at five" may be either five o'clock."""

    hour: int
    minute: int = 0
    exact: bool = True  # False: it may be twelve hours later as well
    days: int = 0  # from today


@dataclass(frozen=True, slots=True, kw_only=True)
class Remind(Request):
    tool = "set_reminder"
    text: str | None = None
    duration_s: float | None = None
    moment: Moment | None = None

    def question(self) -> str | None:
        if self.text is None:
            return "ask_reminder"
        return "ask_when" if self.duration_s is None and self.moment is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReminders(Request):
    tool = "list_reminders"


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReminder(Request):
    tool = "cancel_reminder"
    tool_fields = ("text",)
    text: str | None = None  # None: all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAlarm(Request):
    tool = "set_alarm"
    moment: Moment | None

    def question(self) -> str | None:
        return "ask_alarm" if self.moment is None else None


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
class PickNumber(Request):
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember(Request):
    tool = "remember"
    tool_fields = ("text",)
    text: str | None

    def question(self) -> str | None:
        return "ask_note" if self.text is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(Request):
    tool = "recall"
    tool_fields = ("query",)
    query: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget(Request):
    tool = "forget"
    tool_fields = ("query",)
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddToList(Request):
    tool = "add_to_list"
    tool_fields = ("item", "list")
    item: str | None
    list: str = "shopping"

    def question(self) -> str | None:
        return "ask_item" if self.item is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFromList(Request):
    tool = "remove_from_list"
    tool_fields = ("item", "list")
    item: str
    list: str = "shopping"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadList(Request):
    tool = "read_list"
    tool_fields = ("list",)
    list: str = "shopping"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearList(Request):
    tool = "clear_list"
    tool_fields = ("list",)
    list: str = "shopping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather(Request):
    tool = "get_weather"
    place: str | None = None
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Control(Request):
    """Something at home. `name` as it was said, `domain` and `area` where they are known."""

    tool = "control"
    action: Action
    name: str | None = None
    domain: str | None = None
    area: str | None = None
    level: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell(Request):
    word: str | None
    slowly: bool = False

    def question(self) -> str | None:
        return "ask_word" if self.word is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown(Request):
    start: int
    up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Goodbye(Request):
    tool = "end_call"


Topic = Literal[
    "Repeat", "Help", "Greet", "Thank", "HowAreYou", "WhoAreYou", "Stop", "Acknowledge", "Joke",
    "Fact", "Compliment", "Sorry",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk(Request):
    """What needs no tool, only a few words."""

    topic: Topic


Kind = Literal[
    "place", "day", "number", "duration", "unit", "operator", "moment", "cancel", "other", "again",
    "spell",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp(Request):
    """Goes on from the request before it, and means nothing without one."""

    kind: Kind
    number: int | float | None = None  # of kind duration, and of moment where it is one: seconds
    text: str | None = None  # place, unit or operator
    timezone: str | None = None
    days: int = 0
    moment: Moment | None = None
    slowly: bool = False
