"""When a turn is over, what is only a listener's murmur, when to prepare a reply: pure rules."""

from dataclasses import dataclass
from enum import Enum


def _of(words: str) -> frozenset[str]:
    return frozenset(words.split())


# What a person says to show that they listen. Said over the agent it must not stop it.
BACKCHANNELS = {
    "en": _of(
        "ah aha alright cool course exactly good gotcha great hm hmm huh i interesting know m mhm "
        "mhmm mm mmm mmhm mm-hm mm-hmm mmhmm nice of oh ok okay right see sure totally true "
        "uh-huh uh uhuh um wow yeah yep yes yup"
    ),
    "fr": _of(
        "à ah bien bon d'accord dac effectivement euh exact exactement fait hein hm hmm je mhm mm "
        "mmm ok okay ouais oui parfait super sûr tout très vois voilà"
    ),
}
MAX_BACKCHANNEL_WORDS = 3

# A sentence that ends in one of these goes on.
OPEN_ENDINGS = {
    "en": _of(
        "a about also an and are as at because but by can could did do does er erm for from has "
        "have he i i'm if in into is it's its like my of on or our she should so than "
        "that's the their then they to uh um until was we well were when whether which while who "
        "will with would you're your"
    ),
    "fr": _of(
        "à alors au aux avec car c'est ce ces comme d dans de des du elle en est et euh il ils je "
        "l la le les leur ma mais mes mon ne nos notre nous on ou où par parce pour puis quand que "
        "qui sa sans ses si son sur ta tes ton tu un une vos votre vous"
    ),
}
# "what is it", "who are they", "what is the weather like": short questions may end so.
QUESTION_STARTS = _of("what who where when why how which is are was do does can")
MAY_END_A_QUESTION = _of(
    "is are was it's do does did can could will would he she they like about for from"
)
MAX_QUESTION_WORDS = 6

DIGITS = {
    "en": _of("zero oh one two three four five six seven eight nine double triple"),
    "fr": _of("zéro un deux trois quatre cinq six sept huit neuf double triple"),
}
CLOSED_ANSWERS = _of(
    "yes no yeah nope yep sure okay ok thanks please oui non merci ouais stop never"
)
TYPED_APOSTROPHE = "\u2019"
MIN_SPELLED = 2  # "channel five" is finished, "zero six" is not


class Ending(Enum):
    """How a turn's words look at a pause."""

    FINISHED = "finished"
    OPEN = "open"  # in mid-sentence
    SPELLING = "spelling"  # digits or letters, one after another


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpointing:
    """Silence, in seconds since the last speech, after which a turn is over."""

    min_s: float = 0.3  # words and voice both sound finished
    doubt_s: float = 0.4  # the words do, the voice does not: a prepared reply takes this long too
    open_s: float = 0.9
    max_s: float = 1.6  # neither does
    spelling_s: float = 1.2
    after_question_s: float = 0.25  # on top: who answers a question thinks first


def patience_s(
    text: str,
    *,
    rule: Endpointing,
    voice_finished: bool | None,
    after_question: bool = False,
    language: str = "en",
    learned_s: float = 0.0,
) -> float:
    """Silence to wait for before `text` counts as a whole turn.

    Args:
        voice_finished: what the end-of-turn model hears; None without one.
        after_question: the agent's last words asked something.
        learned_s: a pause this caller is known to make within a turn.
    """
    ending = ending_of(text, language)
    if ending is Ending.SPELLING:
        return rule.spelling_s
    if ending is Ending.OPEN:
        wait_s = rule.open_s if voice_finished else rule.max_s
    else:
        wait_s = rule.min_s if voice_finished else rule.doubt_s
    if after_question and not _is_closed_answer(text):
        wait_s += rule.after_question_s
    return min(max(wait_s, learned_s), rule.max_s)


def ending_of(text: str, language: str = "en") -> Ending:
    """How the words end. Languages without a table of words go by punctuation."""
    stripped = text.rstrip()
    words = _words(stripped)
    if not words:
        return Ending.OPEN
    if _is_spelled(words, language):
        return Ending.SPELLING
    if stripped.endswith(("?", "!")):
        return Ending.FINISHED
    if stripped.endswith((",", ":", ";", "-", "—", "…", "...")):
        return Ending.OPEN
    if words[-1] in OPEN_ENDINGS.get(_base(language), frozenset()):
        short_question = (
            1 < len(words) <= MAX_QUESTION_WORDS
            and words[0] in QUESTION_STARTS
            and words[-1] in MAY_END_A_QUESTION
        )
        return Ending.FINISHED if short_question else Ending.OPEN
    return Ending.FINISHED


def is_backchannel(text: str, language: str = "en") -> bool:
    """Whether `text` only shows that its speaker listens: "mm-hm", "yeah", "okay"."""
    known = BACKCHANNELS.get(_base(language), BACKCHANNELS["en"])
    words = _words(text)
    if not words or len(words) > MAX_BACKCHANNEL_WORDS:
        return False
    return all(word in known for word in words)


def is_interruption(interim: str, language: str = "en") -> bool:
    """Whether what is being said is more than a murmur, whatever its last, maybe half, word is."""
    known = BACKCHANNELS.get(_base(language), BACKCHANNELS["en"])
    words = _words(interim)
    return len(words) > MAX_BACKCHANNEL_WORDS or any(word not in known for word in words[:-1])


def may_prepare(text: str, prepared: str, silence_s: float, after_s: float) -> bool:
    """Whether to start a reply on a transcript that may still change.

    Args:
        prepared: the transcript a reply is being prepared for, "" for none.
        silence_s: seconds since the last speech; after_s: how long it must be.
    """
    return bool(text.strip()) and silence_s >= after_s and _words(text) != _words(prepared)


def as_prepared(final: str, prepared: str) -> str:
    """`final`, in the spelling that a reply was prepared for when the words are the same: another
    comma or capital must not throw the reply away."""
    return prepared.strip() if _words(final) == _words(prepared) else final


class Pauses:
    """The pauses a caller makes within a turn, learned as they go on speaking after one."""

    WEIGHT = 0.3  # of the newest pause
    MARGIN = 1.15
    CEILING_S = 0.9

    def __init__(self) -> None:
        self._mean_s = 0.0

    def resumed_after(self, pause_s: float) -> None:
        """They went on after `pause_s` of silence: the turn had not been over."""
        self._mean_s += self.WEIGHT * (pause_s - self._mean_s)

    def turn_ended(self) -> None:
        """A turn without a pause in it: patience fades again."""
        self._mean_s *= 1 - self.WEIGHT / 2

    @property
    def patience_s(self) -> float:
        return min(self._mean_s * self.MARGIN, self.CEILING_S)


def _is_closed_answer(text: str) -> bool:
    words = _words(text)
    return bool(words) and len(words) <= 3 and words[0] in CLOSED_ANSWERS


def _is_spelled(words: list[str], language: str) -> bool:
    digits = DIGITS.get(_base(language), DIGITS["en"])
    count = 0
    for word in reversed(words):
        if word.isdigit():
            count += len(word) if len(word) > 2 else 1
        elif word in digits or (len(word) == 1 and word.isalpha() and word not in ("a", "i", "y")):
            count += 1
        else:
            break
    return count >= MIN_SPELLED and (count == len(words) or count >= MIN_SPELLED + 1)


def _words(text: str) -> list[str]:
    plain = text.casefold().replace(TYPED_APOSTROPHE, "'")
    cleaned = "".join(c if c.isalnum() or c in "'-" else " " for c in plain)
    return [word for raw in cleaned.split() if (word := raw.strip("-'"))]


def _base(language: str) -> str:
    return language.split("-")[0].lower()
