"""Which series a PromQL expression asks for: names, label matchers, labels it groups by."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)?\s*\{([^{}]*)\}")
MATCHER = re.compile(r"(\w+)\s*(=~|!~|!=|=)\s*(§\d+)")
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")
NAME = re.compile(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])")


@dataclass(frozen=True, slots=True)
class Matcher:
    label: str
    how: str  # =, !=, =~, !~
    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """`name`, or None where the name is matched like a label."""

    name: str | None
    matchers: tuple[Matcher, ...]

    def takes(self, name: str) -> bool:
        if self.name is not None:
            return self.name == name
        asked = [m for m in self.matchers if m.label == "__name__"]
        return bool(asked) and all(re.fullmatch(m.value, name) for m in asked)


def selectors(expression: str) -> list[Selector]:
    """Every series it asks for."""
    said: list[str] = []
    rest = STRING.sub(lambda found: _kept(found, said), expression)
    rest = GROUPING.sub(" ", rest)
    rest = re.sub(r"\[[^\]]*\]", " ", rest)  # durations
    found = [Selector(one[1], tuple(_matchers(one[2], said))) for one in SELECTOR.finditer(rest)]
    rest = re.sub(r"§\d+", " ", SELECTOR.sub(" ", rest))
    bare = (one[1] for one in NAME.finditer(rest))
    return found + [Selector(name, ()) for name in bare if name.lower() not in WORDS]


def grouped_by(expression: str) -> set[str]:
    """Labels that must be there for its groups to say anything."""
    groups = GROUPING.finditer(STRING.sub('""', expression))
    return {label.strip() for one in groups for label in one[2].split(",") if label.strip()}


def _kept(found: re.Match[str], said: list[str]) -> str:
    said.append(found[0][1:-1].replace("\\\\", "\\"))
    return f"§{len(said) - 1}"


def _matchers(braces: str, said: list[str]) -> Iterator[Matcher]:
    for label, how, place in MATCHER.findall(braces):
        yield Matcher(label, how, said[int(place[1:])])
