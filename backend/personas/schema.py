"""Bodies of the personas' routes."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat

from chassis.tools import TOOLS

MAX_PROMPT_CHARS = 8_000  # some two thousand tokens of every request to the language model
MAX_WORDS = 10
LANGUAGE = r"^(auto|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)$"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _name(value: str) -> str:
    name = " ".join(value.split())
    if not name or CONTROL.search(name):
        raise ValueError("must have letters, and be one line")
    return name


def _text(value: str) -> str:
    return value.strip()


def _or_none(value: str | None) -> str | None:
    return (value or "").strip() or None


def _known_tools(names: list[str]) -> list[str]:
    unknown = [name for name in names if name not in TOOLS]
    if unknown:
        raise ValueError(f"there is no tool called {unknown[0][:64]}")
    return list(dict.fromkeys(names))


Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_name)]
Prompt = Annotated[
    str, AfterValidator(_text), Field(min_length=1, max_length=MAX_PROMPT_CHARS, pattern=r"\S")
]
Style = Annotated[str, AfterValidator(_text), Field(max_length=1_000)]
Voice = Annotated[str | None, Field(max_length=64), AfterValidator(_or_none)]
Language = Annotated[str | None, Field(max_length=16, pattern=LANGUAGE)]
Model = Annotated[str | None, Field(max_length=200), AfterValidator(_or_none)]
Greeting = Annotated[str | None, Field(max_length=500), AfterValidator(_or_none)]
Temperature = Annotated[FiniteFloat | None, Field(ge=0, le=2)]
ToolName = Annotated[str, Field(max_length=64)]
Tools = Annotated[list[ToolName], Field(max_length=64), AfterValidator(_known_tools)] | None
InterruptionMode = Literal["normal", "words", "off"]
InterruptionWords = Annotated[int, Field(ge=1, le=MAX_WORDS)]


class NewPersona(BaseModel):
    """None: as the agent is set; `tools` None: all; `language` auto: the speaker's."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    prompt: Prompt
    style: Style = ""
    voice: Voice = None
    language: Language = None
    model: Model = None
    greeting: Greeting = None
    temperature: Temperature = None
    tools: Tools = None
    interruption_mode: InterruptionMode = "normal"
    interruption_words: InterruptionWords = 2


def _unset() -> str:
    """Of a field that may be left out but not be null."""
    return ""


class PersonaChange(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(default_factory=_unset)
    prompt: Prompt = Field(default_factory=_unset)
    style: Style = Field(default_factory=_unset)
    voice: Voice = None
    language: Language = None
    model: Model = None
    greeting: Greeting = None
    temperature: Temperature = None
    tools: Tools = None
    interruption_mode: InterruptionMode = Field(default_factory=lambda: "normal")
    interruption_words: InterruptionWords = Field(default_factory=lambda: 2)


class Persona(BaseModel):
    """A persona as its user sees it. `shared`: everybody has it; `editable`: by this user."""

    id: str
    name: str
    prompt: str
    style: str
    voice: str | None
    language: str | None
    model: str | None
    greeting: str | None
    temperature: float | None
    tools: list[str] | None
    interruption_mode: InterruptionMode
    interruption_words: int
    is_default: bool
    shared: bool
    editable: bool
    image_url: str | None
    updated_at: datetime | None


class Personas(BaseModel):
    """The user's own and the shared ones, by name."""

    personas: list[Persona]


class ImageDescription(BaseModel):
    """What the picture is to show."""

    model_config = ConfigDict(extra="forbid")

    description: Annotated[str, AfterValidator(_text), Field(min_length=1, max_length=1_000)]


class VoiceOption(BaseModel):
    """A voice of the TTS server."""

    id: str
    name: str
    language: str


class ToolOption(BaseModel):
    """A tool a persona may use."""

    name: str
    description: str


class PersonaOptions(BaseModel):
    """What a persona can be made of now; `missing` names the servers that did not answer."""

    voices: list[VoiceOption]
    languages: list[str]
    models: list[str]
    tools: list[ToolOption]
    image_generation: bool
    missing: list[Literal["tts", "llm"]]
