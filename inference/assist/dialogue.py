"""What the last message asks for, in the light of those before it.

The server keeps nothing between requests: an open question is known by its words in the last
reply, and what a follow-up goes on from by understanding the user's earlier messages again.
"""

from dataclasses import dataclass

from inference.assist.fills import filled
from inference.assist.follow_ups import alone, continued
from inference.assist.language import codes, language
from inference.assist.recognise import too_long
from inference.assist.requests import FollowUp, Request, SetTimer, Talk, Weather
from inference.assist.tongue import likeliest, recognise_any
from inference.llm.engine import Message

MAX_TURNS_BACK = 4
SURELY_HEARD_CHARS = 8  # of a question that an interruption cut short


@dataclass(frozen=True, slots=True)
class Understood:
    """The requests of one message, all of them whole, and its language."""

    code: str
    requests: tuple[Request, ...] = ()


class Dialogue:
    """The messages of a chat as what was wanted, turn by turn."""

    def __init__(self, messages: tuple[Message, ...]) -> None:
        self.messages = messages
        self._prompt = "\n".join(m.text for m in messages if m.role in ("system", "developer"))
        self._asked_at = [
            at for at, m in enumerate(messages) if m.role == "user" and m.text.strip()
        ]

    def understand(self) -> Understood:
        """What the user's last message asks for."""
        return self._turn(len(self._asked_at) - 1, MAX_TURNS_BACK)

    def _turn(self, turn: int, back: int) -> Understood:
        """The `turn`-th message of the user, with at most `back` earlier ones taken in."""
        if turn < 0:
            return Understood(likeliest("", self._said_before(len(self.messages)), self._prompt)[0])
        at = self._asked_at[turn]
        text = self.messages[at].text
        order = likeliest(text, self._said_before(at), self._prompt)
        if too_long(text):
            return Understood(order[0])
        code, found = recognise_any(text, order)
        requests = tuple(part.request for part in found)
        sure = bool(found) and not any(part.free for part in found)
        follows = any(isinstance(request, FollowUp) for request in requests)
        if sure and not follows and not _may_answer(requests):
            return Understood(code, requests)
        if back and turn and (answer := self._answered(turn, text, code, requests, sure, back)):
            return Understood(code, answer)
        if not follows:
            return Understood(code, requests)
        before = self._context(turn, back) if back else None
        return Understood(code, self._followed(before, requests, code))

    def _answered(
        self, turn: int, text: str, code: str, requests: tuple[Request, ...], sure: bool, back: int
    ) -> tuple[Request, ...] | None:
        """The requests of the turn before, if this message says what they lacked."""
        reply = self._reply_to(turn - 1)
        if not any(_asks(reply, question) for question in QUESTIONS):
            return None
        pending = self._turn(turn - 1, back - 1).requests
        open_one = next((request for request in pending if _question(request)), None)
        if open_one is None or not _asks(reply, _question(open_one) or ""):
            return None
        whole = filled(open_one, text, code, requests, sure)
        return (whole,) if whole is not None else None

    def _followed(
        self, before: Request | None, requests: tuple[Request, ...], code: str
    ) -> tuple[Request, ...]:
        whole: list[Request] = []
        for request in requests:
            if not isinstance(request, FollowUp):
                whole.append(request)
                continue
            meant = continued(before, request, code, self.messages) if before is not None else None
            whole += meant if meant is not None else alone(request)
        return tuple(whole)

    def _context(self, turn: int, back: int) -> Request | None:
        """The last thing that was wanted before `turn`; thanks and the like do not count."""
        chatter: Request | None = None
        for earlier in range(turn - 1, max(turn - 1 - back, -1), -1):
            requests = self._turn(earlier, back - 1).requests
            if requests and not isinstance(requests[-1], Talk):
                return requests[-1]
            if requests and chatter is None:
                chatter = requests[-1]
        return chatter

    def _reply_to(self, turn: int) -> str:
        start = self._asked_at[turn]
        end = self._asked_at[turn + 1] if turn + 1 < len(self._asked_at) else len(self.messages)
        return " ".join(m.text for m in self.messages[start:end] if m.role == "assistant")

    def _said_before(self, at: int) -> str:
        """The last words of both sides before message `at`."""
        said = [m.text for m in self.messages[:at] if m.role in ("user", "assistant") and m.text]
        return " ".join(said[-2:])


QUESTIONS = (
    "ask_duration", "ask_unit", "ask_which_timer", "ask_reminder", "ask_when", "ask_alarm",
    "ask_note", "ask_item", "ask_word", "ask_place",
)  # fmt: skip


def _question(request: Request) -> str | None:
    if isinstance(request, Weather) and request.place is None:
        return "ask_place"  # where the tool on offer wants one
    return request.question()


def _asks(reply: str, question: str) -> bool:
    """Whether `reply` has the question, or as much of it as an interruption let be heard."""
    wordings = [words for code in codes() for words in language(code).phrases[question]]
    heard = reply.strip().rstrip(".…- ")
    cut = len(heard) >= SURELY_HEARD_CHARS and any(words.startswith(heard) for words in wordings)
    return cut or any(words in reply for words in wordings)


def _may_answer(requests: tuple[Request, ...]) -> bool:
    """Whole requests that may as well be the answer to a question: "five minutes"."""
    return all(isinstance(request, SetTimer) for request in requests)
