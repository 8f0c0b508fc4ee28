"""Decides what comes next in a chat: words, calls of the tools on offer, or both."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from inference.assist import small_talk
from inference.assist.arithmetic import CannotCalculate
from inference.assist.dialogue import Dialogue
from inference.assist.language import language
from inference.assist.offers import EXAMPLES, arguments_for, completed, fitting, instead
from inference.assist.own_words import own_words
from inference.assist.recognise import too_long
from inference.assist.replies import reply
from inference.assist.requests import Goodbye, Request, Talk, Value, Weather
from inference.assist.skills import Clock, perform
from inference.assist.told import told
from inference.assist.units import CannotConvert
from inference.assist.voice import Pick, Voice
from inference.llm.engine import Chat, Message, NamedTool

QUOTED = re.compile(
    r"[\"\N{LEFT DOUBLE QUOTATION MARK}](.{2,300}?)[\"\N{RIGHT DOUBLE QUOTATION MARK}]"
)
# What recognisers write for breath, music and silence.
NOISE = re.compile(
    r"\[[^\]]*\]|\([^)]*\)|<[^>]*>|\b(?:u+h+|u+m+|h+m+|m+h*m+|e+r+m*|a+h+|o+h+|e+u+h+)\b", re.I
)
ASKS_BY_ITSELF = ("ask_word", "ask_unit")  # needs no tool to be worth asking


@dataclass(frozen=True, slots=True)
class Call:
    """A tool to call, with its arguments."""

    tool: str
    arguments: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Answer:
    """The next message: text to speak, tools to call, or both."""

    text: str = ""
    calls: tuple[Call, ...] = ()


def answer(chat: Chat, clock: Clock, *, standing_in: bool = False) -> Answer:
    """The next message of `chat`. Says only what it knows, calls only what is offered.

    `standing_in`: the main model is away; said once in a chat, with the first words there are.
    """
    dialogue = Dialogue(chat.messages)
    understood = dialogue.understand()
    asked = _last_text(chat, "user")
    voice = Voice(language(understood.code), Pick(f"{asked}#{len(chat.messages)}"))
    mind = _Mind(chat, clock, voice)
    last = chat.messages[-1]
    if last.role == "tool":
        found = Answer(mind.after_tools(understood.requests))
    elif last.role in ("system", "developer"):
        found = Answer(mind.instructed())
    elif last.role == "assistant":
        found = Answer(voice.say("still_here"))
    elif not re.search(r"\w", NOISE.sub(" ", last.text)):
        found = Answer(voice.say("say_again"))
    elif too_long(last.text):
        found = Answer(voice.say("too_much"))
    else:
        found = mind.serve(understood.requests)
    if not standing_in or not found.text:
        return found
    said_before = [message.text for message in chat.messages if message.role == "assistant"]
    notice = small_talk.stand_in_notice(said_before, voice)
    return replace(found, text=f"{notice} {found.text}".strip())


class _Mind:
    """One chat, and what to say or call next in it."""

    def __init__(self, chat: Chat, clock: Clock, voice: Voice) -> None:
        self._chat = chat
        self._clock = clock
        self._voice = voice

    def serve(self, requests: tuple[Request, ...]) -> Answer:
        calls: list[Call] = []
        said: list[str] = []
        for request in requests:
            call = self._call(request)
            if call is not None and (self._chat.parallel_tool_calls or not calls):
                calls.append(call)
            else:
                said.append(self._say(request))
        if not calls and (forced := self._forced()) is not None:
            return Answer(calls=(forced,))
        if not requests:
            said.append(small_talk.outside(self._served(), self._voice))
        return Answer(" ".join(said), tuple(calls))

    def after_tools(self, requests: tuple[Request, ...]) -> str:
        """The results since the last call, each as a sentence."""
        results: list[Message] = []
        names: dict[str, str] = {}
        for message in reversed(self._chat.messages):
            if message.role == "tool":
                results.insert(0, message)
                continue
            names = {call.id: call.name for call in message.tool_calls}
            break
        causes = {self._tool_of(request): request for request in requests}
        said = []
        for result in results:
            tool = names.get(result.tool_call_id or "", "")
            said.append(told(tool, result.text, causes.get(tool), self._clock, self._voice))
        return " ".join(said)

    def instructed(self) -> str:
        """To an instruction: the words it quotes, a greeting at the start, else a sign of life."""
        if any(message.role == "assistant" for message in self._chat.messages):
            quoted = QUOTED.search(self._chat.messages[-1].text)
            return quoted.group(1) if quoted else self._voice.say("still_here")
        return self._voice.say("greeting")

    def _tool_of(self, request: Request) -> str | None:
        """The tool that serves `request` in this chat, by its name here."""
        call = self._offered(request)
        return call.tool if call is not None else request.tool

    def _call(self, request: Request) -> Call | None:
        """The call that serves `request`, if such a tool is on offer and may be used."""
        return self._offered(request) if self._chat.tool_choice != "none" else None

    def _offered(self, request: Request) -> Call | None:
        choice = self._chat.tool_choice
        wanted: Request | None = request
        while wanted is not None:
            for tool in self._chat.tools:
                if isinstance(choice, NamedTool) and choice.name != tool.name:
                    continue
                arguments = arguments_for(wanted, tool, self._clock)
                if arguments is not None:
                    return Call(tool.name, arguments)
            wanted = instead(wanted, self._clock)
        return None

    def _forced(self) -> Call | None:
        """The call that `tool_choice` demands, where it needs no argument that nobody has said."""
        choice, tools = self._chat.tool_choice, self._chat.tools
        if isinstance(choice, NamedTool):
            tools = tuple(tool for tool in tools if tool.name == choice.name)
        elif choice != "required" or len(tools) != 1:
            return None
        arguments = fitting(tools[0], {}) if tools else None
        return Call(tools[0].name, arguments) if arguments is not None else None

    def _say(self, request: Request) -> str:
        """An answer that needs no tool."""
        if isinstance(request, Talk):
            return self._talk(request)
        if isinstance(request, Goodbye):
            return self._voice.say("farewell")
        question = self._question(request)
        if question is not None:
            return self._voice.say(question)
        words = own_words(request, self._voice)
        if words is not None:
            return words
        try:
            result = perform(request, self._clock)
        except CannotCalculate as exc:
            return self._voice.say(exc.reason)
        except CannotConvert as exc:
            units = (self._voice.unit(exc.from_unit, 2), self._voice.unit(exc.to_unit, 2))
            return self._voice.say("cannot_convert", source=units[0], target=units[1])
        if result is None or request.tool is None:
            return self._voice.say(f"no_{request.tool}")
        return reply(request.tool, result, request, self._voice)

    def _question(self, request: Request) -> str | None:
        """What to ask so that `request` can be served, unless nothing here could serve it."""
        question = request.question()
        if isinstance(request, Weather) and request.place is None:
            question = "ask_place"  # no tool has taken it without
        if question is None or question in ASKS_BY_ITSELF:
            return question
        return question if self._call(completed(request)) is not None else None

    def _talk(self, request: Talk) -> str:
        match request.topic:
            case "Repeat":
                return _last_text(self._chat, "assistant") or self._voice.say("nothing_said")
            case "Help":
                return small_talk.help_text(self._served(), self._voice)
            case "Greet":
                return self._voice.say("greeting")
            case "WhoAreYou":
                return small_talk.about_me(_prompt(self._chat), self._voice)
            case "Joke" | "Fact":
                before = [m.text for m in self._chat.messages if m.role == "assistant"]
                return small_talk.untold(request.topic, before, self._voice)
            case topic:
                return self._voice.say(topic)

    def _served(self) -> set[str]:
        """The assistant's own names of what the tools on offer can do."""
        return {
            example.tool
            for example in EXAMPLES
            for tool in self._chat.tools
            if example.tool and arguments_for(example, tool, self._clock) is not None
        }


def _last_text(chat: Chat, role: str) -> str:
    texts = (m.text for m in reversed(chat.messages) if m.role == role and m.text.strip())
    return next(texts, "")


def _prompt(chat: Chat) -> str:
    return "\n".join(m.text for m in chat.messages if m.role in ("system", "developer"))
