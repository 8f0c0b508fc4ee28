"""What people may say to the assistant, as text: training sentences of the embedded recogniser.

Sampled from the same templates that the assistant understands, so whatever the recogniser can
write down the assistant can act on.
"""

import hashlib
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.metadata import version
from itertools import permutations
from pathlib import Path
from typing import TypeVar, get_args

from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    TextChunk,
)
from hassil.intents import TextSlotList, WildcardSlotList

from inference.assist.requests import Topic
from inference.assist.spoken import spoken_number
from inference.assist.templates import first_words, samples, templates

T = TypeVar("T")
SEED = 7
# Sampled with repetition: a template without free parts ("what time is it") keeps its weight.
SAMPLES_PER_TEMPLATE = 50
# What is asked less often has less weight, so that the rest is heard as well as ever.
RARER_SAMPLES = {
    "FollowUp": 12, "Remind": 20, "SetAlarm": 20, "AddToList": 25, "RemoveFromList": 12,
    "ReadList": 12, "ClearList": 12, "Weather": 20, "Control": 12, "Spell": 12, "Countdown": 12,
    "PickNumber": 8, "Joke": 12, "Fact": 8, "Compliment": 6, "Sorry": 8, "DaysUntil": 12,
}  # fmt: skip
SMALL_COUNTS: dict[str, Sequence[int]] = {
    "count": range(2, 11),
    "sides": (4, 6, 8, 10, 12, 20, 100),
    "amount": range(1, 91),
    "hour": range(1, 13),
    "start": range(3, 31),
    "low": (1,),
    "high": (6, 10, 20, 50, 100),
    "by": range(1, 100),
    "minute": (5, 10, 15, 20, 25, 30, 40, 45, 50),
    "past_minutes": (5, 10, 20, 25),
    "to_minutes": (5, 10, 20, 25),
    "level": (*range(1, 26), 30, 40, 50, 60, 70, 80, 90, 100),
}
OPERATORS = ("plus", "minus", "times", "divided by", "percent of")
TIMER_UNITS = ("second", "minute", "hour")
MAX_TIMER_COUNT = 90
RARE_SHARE = 0.3
POLITE_STARTS = ("please", "can you", "could you", "hey", "okay")
POLITE_SHARE = 0.06
NEVER_POLITE = frozenset({*get_args(Topic), "Goodbye", "FollowUp"})
CONTRACTED_SHARE = 0.6
CONTRACTIONS = (
    ("what is ", "what's "),
    ("where is ", "where's "),
    ("do not ", "don't "),
    ("did not ", "didn't "),
)


@cache
def labelled_sentences() -> tuple[tuple[str, str], ...]:
    """Pairs of intent and sentence. The same in every process."""
    chance = random.Random(SEED)  # noqa: S311 - reproducible sampling, not a secret
    drawn = [*_from_templates(chance), *_counting(chance), *_durations(), *_conversions(chance)]
    return tuple(
        (intent, _as_spoken(text, chance, polite=intent not in NEVER_POLITE))
        for intent, text in drawn
    )


def sentences_version() -> str:
    """Another one whenever `sentences` may be others: sampling them takes half a second."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for package in ("hassil", "unicode-rbnf"):
        digest.update(f" {package} {version(package)}".encode())
    for path in sorted(Path(__file__).parent.rglob("*")):
        if path.suffix in (".py", ".yaml"):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def sentences() -> list[str]:
    """Lower-case words, no digits, no punctuation, repeated as often as people would say them."""
    return [text for _, text in labelled_sentences()]


def _from_templates(chance: random.Random) -> Iterator[tuple[str, str]]:
    walk = _Walk(chance)
    for name, intent in templates().intents.items():
        for data in intent.data:
            for sentence in data.sentences:
                for _ in range(RARER_SAMPLES.get(name, SAMPLES_PER_TEMPLATE)):
                    yield name, walk.sample(sentence.expression)


def _counting(chance: random.Random) -> Iterator[tuple[str, str]]:
    """So that every trigram of a number below a thousand, and around one, is seen."""
    for value in range(1000):
        with_and = value % 2 == 0
        left = spoken_number(value, with_and=with_and)
        right = spoken_number(chance.randrange(100))
        operator = chance.choice(OPERATORS)
        yield "Calculate", f"what is {left} {operator} {right}"
        if value < 100:
            for each in OPERATORS:
                other = spoken_number(chance.choice((chance.randrange(13), chance.randrange(100))))
                yield "Calculate", f"what is {left} {each} {other}"
                yield "Calculate", f"what is {other} {each} {left}"
        if value >= 100:
            other_way = spoken_number(value, with_and=not with_and)
            yield "Calculate", f"what is {right} {operator} {other_way}"


def _durations() -> Iterator[tuple[str, str]]:
    for count in range(1, MAX_TIMER_COUNT + 1):
        for unit in TIMER_UNITS:
            ending = unit if count == 1 else f"{unit}s"
            yield "SetTimer", f"set a timer for {spoken_number(count)} {ending}"
            yield "SetTimer", f"set a {spoken_number(count)} {unit} timer"


def _conversions(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Every pair of units that can be converted, in plural: templates pair units blindly."""
    units = templates().slot_lists["unit"]
    assert isinstance(units, TextSlotList)
    for source, target in permutations(units.values, 2):
        if source.metadata == target.metadata:
            amount = spoken_number(chance.randint(2, 100))
            from_name, to_name = first_words(source.text_in), first_words(target.text_in)
            yield "ConvertUnits", f"how many {to_name} are in {amount} {from_name}"
            yield "ConvertUnits", f"convert {amount} {from_name} to {to_name}"
            yield "ConvertUnits", f"what is {amount} {from_name} in {to_name}"


def _as_spoken(text: str, chance: random.Random, *, polite: bool) -> str:
    words = " ".join(text.split())
    for full, short in CONTRACTIONS:
        if chance.random() < CONTRACTED_SHARE and f" {words} ".find(f" {full}") >= 0:
            words = f" {words}".replace(f" {full}", f" {short}").strip()
    if not polite:
        return words
    if chance.random() < POLITE_SHARE:
        words = f"{chance.choice(POLITE_STARTS)} {words}"
    elif chance.random() < POLITE_SHARE:
        words = f"{words} please"
    return words


class _Walk:
    """Random ways through templates, one at a time; in the long run all of them."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._taken: Counter[tuple[int, int]] = Counter()

    def sample(self, expression: Expression) -> str:
        if isinstance(expression, TextChunk):
            return str(expression.original_text)
        if isinstance(expression, RuleReference):
            return self.sample(templates().expansion_rules[expression.rule_name].expression)
        if isinstance(expression, ListReference):
            return self._from_list(expression.list_name, expression.slot_name)
        if isinstance(expression, Alternative):
            # What is only ever typed, such as "km", is not for the recogniser.
            spoken = [item for item in expression.items if not _is_written_only(item)]
            return self.sample(self._choose(id(expression), spoken))
        if isinstance(expression, Permutation):
            raise NotImplementedError("the templates use no permutations")
        assert isinstance(expression, Group)
        return "".join(self.sample(item) for item in expression.items)

    def _from_list(self, name: str, slot: str) -> str:
        if slot in SMALL_COUNTS:
            return spoken_number(self._chance.choice(SMALL_COUNTS[slot]))
        if name == "number":
            return _number(self._chance)
        if isinstance(templates().slot_lists[name], WildcardSlotList):
            phrases = samples()[name]
            return self._choose(id(phrases), phrases)
        values = templates().slot_lists[name]
        assert isinstance(values, TextSlotList)
        return self.sample(self._choose(id(values), values.values).text_in)

    def _choose(self, place: int, choices: Sequence[T]) -> T:
        """Now and then what was taken least, else by weight: templates name the common first."""
        if self._chance.random() < RARE_SHARE:
            index = min(range(len(choices)), key=lambda i: self._taken[place, i])
        else:
            weights = [1 / (rank + 1) for rank in range(len(choices))]
            index = self._chance.choices(range(len(choices)), weights)[0]
        self._taken[place, index] += 1
        return choices[index]


def _number(chance: random.Random) -> str:
    """Small numbers most of the time, some to the millions, some decimals, a few below zero."""
    kinds: list[tuple[float, Callable[[], int | float]]] = [
        (0.40, lambda: chance.randint(1, 20)),
        (0.24, lambda: chance.randint(21, 100)),
        (0.14, lambda: chance.randint(101, 999)),
        (0.08, lambda: chance.randint(1, 99) * 1000 + chance.choice((0, chance.randrange(1000)))),
        (0.02, lambda: chance.randint(1, 20) * 1_000_000),
        (0.09, lambda: chance.randint(0, 99) + chance.randint(1, 9) / 10),
        (
            0.03,
            lambda: float(f"{chance.randint(0, 9)}.{chance.randint(1, 9)}{chance.randint(1, 9)}"),
        ),
    ]
    draw = chance.choices([kind for _, kind in kinds], [weight for weight, _ in kinds])[0]
    words = spoken_number(draw(), with_and=chance.random() < 0.5)
    if words.startswith("one hundred") and chance.random() < 0.5:
        words = f"a{words.removeprefix('one')}"
    return f"minus {words}" if chance.random() < 0.03 else words


def _is_written_only(item: Expression) -> bool:
    if isinstance(item, Group) and len(item.items) == 1:
        return _is_written_only(item.items[0])
    return isinstance(item, TextChunk) and item.original_text.strip() in samples()["typed"]
