"""Whose words a tool is called for: text of strangers in the conversation orders nothing."""

import functools
import json
import re
import unicodedata
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Any

from livekit.agents import RunContext, function_tool
from livekit.agents.llm import FunctionTool, RawFunctionTool

from chassis.logs import get_logger
from livekit_agent.tools.contract import ToolFailure, failed, is_privileged
from livekit_agent.tools.fence import clean

MAX_CALLS_PER_TURN = 12  # of all tools; a model in a loop stops here, and answers
MAX_CALLS = 400  # in one call
TURNS_HEARD = 3  # "send Bob a mail" - "what shall it say?" - "that I am late"
MIN_NAME_WORD = 2  # chars; shorter parts of a tool's name say nothing
STORED = frozenset({"recall", "read_list"})  # what they tell may have been a stranger's once
# Of a tool's name: who asks for the weather does not say "get".
READING = frozenset({"fetch", "find", "get", "list", "look", "lookup", "query", "read", "search"})
SECOND_LEVEL = frozenset({"ac", "co", "com", "gov", "net", "org"})
DOTS = frozenset({"dot", "point", "punkt", "punto"})  # as a spoken address has them
WRITTEN_DOT = re.compile(r"(?<=\w)\.(?=\w)")
WORDS_BEFORE = 3  # in which a "don't" turns a wish around

AnyTool = FunctionTool[..., Any] | RawFunctionTool[..., Any]

# What people say who want it, by tool; accents and case are off.
ASKED: Mapping[str, re.Pattern[str]] = {
    name: re.compile(rf"\b(?:{words})\b")
    for name, words in {
        "end_call": r"bye|goodbye|good night|hang up|end (?:the|this|our) call|that s (?:all|it)|"
        r"that is all|we re done|i m done|see you|talk (?:to you )?(?:soon|later)|take care|"
        r"have a (?:good|nice|great)|au revoir|raccrocher?|raccrochez|c est tout|a bientot|"
        r"bonne (?:journee|soiree|nuit)|tschuss|auf wiedersehen|adios|hasta luego|ciao",
        "transfer_call": r"transfer|put me through|connect me|pass me|real person|human|operator|"
        r"colleague|someone|(?:speak|talk) (?:to|with)|transfere[rz]?|passe[rz]? moi|"
        r"parler (?:a|avec)|conseiller|standard",
        "send_dtmf": r"press|dial|type|enter|punch in|key in|tone|pound|hash|star|extension|option|"
        r"appuie[rz]?|compose[rz]?|tape[rz]?|touche|diese|etoile",
        "remember": r"remember|note|write (?:it|this|that) down|jot|don t forget|keep in mind|save|"
        r"my .{1,40} is|call me|souviens|rappelle[rz]?|retiens|retenez|noter?|notez|n oublie[rz]?|"
        r"appelle[rz]? moi",
        "clear_list": r"clear|empty|delete|erase|start over|vide[rz]?|efface[rz]?",
        "forget": r"forget|delete|erase|remove|clear|oublie[rz]?|efface[rz]?|supprime[rz]?",
    }.items()
}
NOT = re.compile(r"\b(?:not|don|dont|never|ne|n|jamais|nicht|kein)\b")  # "no, bye" is a wish
NO = re.compile(rf"\b(?:no|nope|stop|wait|non|nein|attends|attendez|pas)\b|{NOT.pattern}")
YES = re.compile(
    r"(?:(?:oh|ah|um|well|ok|okay|eh|et|bien|alors) )*(?:yes|yeah|yep|yup|sure|please|correct|"
    r"right|exactly|absolutely|definitely|of course|go ahead|do it|okay|ok|oui|ouais|d accord|"
    r"vas y|allez y|bien sur|si|ja|da|hai|claro)\b"
)
# Words no sentence of English or French goes without for long: these two are understood here.
KNOWN_LANGUAGE = re.compile(
    r"\b(?:the|you|to|is|this|that|i|it|shall|should|le|la|les|vous|tu|je|que|ce|cela|est|de)\b"
)

log = get_logger(__name__)


class Guard:
    """What the tools of one call may do. Without a word of the user it is strict.

    Once foreign text is in the conversation it stays there: "when they say thanks, transfer the
    call" waits for its turn. So from then on a privileged tool runs only where the user's last
    turns asked for it, or where they said yes to the agent's question about the very call that
    was refused.
    """

    def __init__(self) -> None:
        self._heard: deque[str] = deque(maxlen=TURNS_HEARD)
        self._reply = ""  # the agent's, since the user's last turn
        self._foreign = False
        self._refused: set[tuple[str, str]] = set()
        self._agreed: set[tuple[str, str]] = set()
        self._calls_of_turn = 0
        self._calls = 0

    @property
    def has_foreign_text(self) -> bool:
        return self._foreign

    def user_said(self, text: str) -> None:
        """A turn of the user, spoken or typed: their own words, as transcribed."""
        words = _plain(WRITTEN_DOT.sub(" dot ", text))
        self._heard.append(words)
        is_yes = YES.match(words) and not NO.search(words)
        self._agreed = {call for call in self._refused if is_yes and self._was_put(call[0])}
        self._refused = set()
        self._reply = ""
        self._calls_of_turn = 0

    def agent_said(self, text: str) -> None:
        """What the user heard: a yes is one to this."""
        self._reply = f"{self._reply} {text}".strip()

    def foreign_entered(self) -> None:
        """Text that the user did not say is about to be seen by the LLM."""
        self._foreign = True

    def protect(self, tools: Iterable[AnyTool]) -> list[AnyTool]:
        """The same tools; each call of one is admitted first."""
        return [self._protected(tool) for tool in tools]

    def admit(self, name: str, arguments: Mapping[str, Any], *, privileged: bool) -> None:
        """Raises ToolFailure where the tool must not run now."""
        self._calls += 1
        self._calls_of_turn += 1
        if self._calls_of_turn > MAX_CALLS_PER_TURN or self._calls > MAX_CALLS:
            raise ToolFailure("too_many_calls", "call no more tools; answer with what you have")
        if not privileged or not self._foreign or self._asked_for(name):
            return
        call = (name, json.dumps(arguments, sort_keys=True, default=str))
        if call in self._agreed:
            self._agreed.discard(call)
            return
        self._refused.add(call)
        log.info("tool_not_asked_for", tool=name)
        raise ToolFailure(
            "needs_confirmation",
            "the user has not asked for this in their own words; ask them whether to do it, and "
            "after a yes call it again with exactly these arguments",
        )

    def admit_site(self, host: str) -> None:
        """Raises ToolFailure where foreign text, not the user, may have thought of `host`."""
        labels = [_plain(label).replace(" ", "") for label in host.split(".")]
        owned = 3 if len(labels) > 2 and labels[-2] in SECOND_LEVEL else 2  # example.co.uk
        said = [word for words in self._heard for word in words.split()]
        if self._foreign and not _is_named("".join(labels[-owned:-1]), labels[-1], said):
            log.info("site_not_asked_for")
            raise ToolFailure(
                "not_asked_for", "read only pages that a search found or the user named"
            )

    def _was_put(self, name: str) -> bool:
        """Whether the agent asked about this very tool, where its language can be told."""
        reply = _plain(self._reply)
        if "?" not in self._reply and "\uff1f" not in self._reply:
            return False
        return _is_about(name, reply) or not KNOWN_LANGUAGE.search(reply)

    def _asked_for(self, name: str) -> bool:
        if name in ASKED:
            return any(_wished(ASKED[name], words) for words in self._heard)
        return _is_about(name, " ".join(words for words in self._heard if not NOT.search(words)))

    def _protected(self, tool: AnyTool) -> AnyTool:
        info = tool.info
        privileged = is_privileged(tool)

        @functools.wraps(tool.__wrapped__)  # type: ignore[union-attr] # set by update_wrapper
        async def call(*args: Any, **kwargs: Any) -> Any:
            said = {str(at): value for at, value in enumerate(args)} | kwargs
            arguments = {k: v for k, v in said.items() if not isinstance(v, RunContext)}
            try:
                self.admit(info.name, arguments, privileged=privileged)
            except ToolFailure as exc:
                raise failed(exc) from exc
            result = await tool(*args, **kwargs)
            if info.name not in STORED:
                return result
            self.foreign_entered()
            return clean(result, len(result))

        how: dict[str, Any] = {
            "flags": info.flags,
            "on_duplicate": info.on_duplicate,
            "duplicate_scope": info.duplicate_scope,
        }
        if isinstance(tool, RawFunctionTool):
            return function_tool(call, raw_schema=tool.info.raw_schema, **how)
        return function_tool(call, name=info.name, description=tool.info.description, **how)


def _plain(text: str) -> str:
    """Lower-case words without accents and punctuation: "N'oublie pas !" is "n oublie pas"."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    kept = (c if c.isalnum() else " " for c in folded if not unicodedata.combining(c))
    return " ".join("".join(kept).split())


def _name_words(name: str) -> str:
    """The words of `HassTurnOn` or `create_issue`."""
    return _plain(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name))


def _stems(words: str) -> set[str]:
    return {word.removesuffix("s") for word in words.split() if len(word) >= MIN_NAME_WORD}


def _is_about(name: str, words: str) -> bool:
    """Whether `words` are of what the tool does, by its name or by what people say."""
    if name in ASKED:
        return ASKED[name].search(words) is not None
    parts = _stems(_name_words(name))
    telling = parts - READING or parts
    return len(telling & _stems(words)) * 2 > len(telling)


def _is_named(name: str, top: str, said: list[str]) -> bool:
    """Whether `name`, a dot and `top` were said, in whole words: "want coffee" is not t.co."""
    for place in (place for place, word in enumerate(said) if word in DOTS):
        before = (word for word in reversed(said[:place]) if word not in DOTS)
        after = (word for word in said[place:] if word not in DOTS)
        if name in accumulate(before, lambda end, word: word + end) and top in accumulate(after):
            return True
    return False


def _wished(pattern: re.Pattern[str], words: str) -> bool:
    for match in pattern.finditer(words):
        before = " ".join(words[: match.start()].split()[-WORDS_BEFORE:])
        if not NOT.search(before):
            return True
    return False
