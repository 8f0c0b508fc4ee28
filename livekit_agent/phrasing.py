"""Cut a stream of reply tokens into phrases worth speaking: the first soon, later ones whole."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from livekit_agent.sentence_ends import CLAUSE, SENTENCE, ends_clause, ends_sentence
from livekit_agent.speakable import inline, is_open, speakable

CLAUSE_WORDS = 2  # "Well, yes," may begin a reply, "Well," may not
OPENING_WORDS = 4  # said so few, the next phrase is wanted as soon as the first was
NEAR_SIZE = 50  # a sentence that is here already and no longer than that is spoken whole
LONGEST_CHARS = 500  # looked at; one word of this length is no word
CJK = (
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9d"
)
CJK_CHAR = re.compile(f"[{CJK}]")
CJK_SIZE = 3  # letters it takes other scripts to say as much
WORD = re.compile(rf"[{CJK}]{{1,2}}|[^\W{CJK}]+(?:['\u2019.,:-][^\W{CJK}]+)*")
CLOSERS = ".!?\u2026\"'\u2019\u201d\u00bb)]"
LONE_MARKS = re.compile(r"^[.,;:!?\u2026\s]+(?=\s|$)")
SPACE = re.compile(r"\s+")
_CONJUNCTIONS = """
and but or so because that which who when where while if than then as
et mais ou donc car que qui quand où si comme puis
"""
_JOINING = """
to in into on at of with
without for from by about over under after before until since like
pour par avec sans dans sur sous chez de des du
à au aux en vers après avant depuis jusqu'à pendant parce lorsque puisque
"""
_LEADING = """
a an the this these those my your his her its our their is are was were be not no very more most
some any i you he she it we they will would can could should
le la les un une ce cet cette ces mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs
ne pas très plus je tu il elle on nous vous ils elles est sont
"""
CONJUNCTIONS = frozenset(_CONJUNCTIONS.split())
JOINING = CONJUNCTIONS | frozenset(_JOINING.split())  # a phrase may end before these
_NUMBERS = """
one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand
million half quarter minus past
deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze seize vingt trente
quarante cinquante soixante cent cents mille millions moins
"""  # "ten | past four" would be heard as ten
# And never behind these: they belong to the next word.
LEANING = JOINING | frozenset(_LEADING.split()) | frozenset(_NUMBERS.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """After how many words the first phrase may end without any mark."""

    joined: int  # before "and", "because"
    anywhere: int  # at any place that will do


CALM = Opening(joined=5, anywhere=8)
HURRIED = Opening(joined=2, anywhere=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long a later phrase is, by the size of its text."""

    least: int  # a shorter sentence is said with the next
    clause: int | None  # from here on a comma will do
    most: int


# Larger ones sound better, and there is more and more sound in hand to wait for them.
LATER = (
    Rule(least=12, clause=40, most=120),
    Rule(least=30, clause=100, most=180),
    Rule(least=80, clause=None, most=250),
)


class Phraser:
    """One reply. Pure: what comes out depends on what was pushed alone.

    `hurried`: the first phrase may be a few words. Only for an engine that has the second one ready
    before the first has been said.
    """

    def __init__(self, *, hurried: bool = False) -> None:
        self._first = HURRIED if hurried else CALM
        self._text = ""  # as it came, markup and all
        self._at_line_start = True
        self._is_cut_close = False  # the last phrase ended with a mark, and no blank came yet
        self._said_words = 0
        self._later = 0  # phrases since the opening

    def push(self, text: str) -> list[str]:
        """The phrases that are ready now that `text` came."""
        self._text += text
        return list(self._phrases(is_last=False))

    def flush(self) -> list[str]:
        """The rest, when the reply ends."""
        return list(self._phrases(is_last=True))

    def _phrases(self, *, is_last: bool) -> Iterator[str]:
        if self._is_cut_close:  # more dots, a quotation's end: they say nothing by themselves
            self._text = self._text.lstrip(CLOSERS)
        while self._text:
            self._is_cut_close = False
            place = self._place(is_last)
            if place is None:
                if not is_last:
                    return
                place = len(self._text)
            if phrase := self._taken(place):
                yield phrase

    def _taken(self, place: int) -> str:
        """The text up to `place`, for a voice; may be nothing."""
        raw, rest = self._text[:place], self._text[place:]
        phrase = LONE_MARKS.sub("", speakable(raw, at_line_start=self._at_line_start).strip())
        if not raw[-1].isspace():
            self._is_cut_close = not rest.lstrip(CLOSERS)
            rest = rest.lstrip(CLOSERS)
        self._text = rest.lstrip()
        blanks = raw[len(raw.rstrip()) :] + rest[: len(rest) - len(self._text)]
        self._at_line_start = "\n" in blanks
        words = _words(phrase)
        if not words:
            return ""
        if self._said_words >= OPENING_WORDS:
            self._later += 1
        self._said_words += words
        return phrase

    def _place(self, is_last: bool) -> int | None:
        """Where the next phrase ends; None: not before more comes."""
        text = self._text[: LONGEST_CHARS + 1]
        is_last = is_last and len(text) == len(self._text)
        sentences = list(_ends(text, is_last))
        if self._said_words < OPENING_WORDS:
            rule = CALM if self._said_words else self._first
            return _opening(text, sentences, is_last, rule)
        return _later(text, sentences, LATER[min(self._later, len(LATER) - 1)], is_last)


def _opening(text: str, sentences: list[int], is_last: bool, rule: Opening) -> int | None:
    """The first good place; the end of a sentence if that is near."""
    if sentences and size(text[: sentences[0]]) <= NEAR_SIZE:
        return sentences[0]
    found = [*sentences[:1]]
    if (clause := _first_clause(text, is_last)) is not None:
        found.append(clause)
    if (split := _split(text, rule)) is not None:
        found.append(split)
    if not found and size(text) > LATER[0].most:
        return _anywhere(text, LATER[0].most)
    return min(found, default=None)


def _first_clause(text: str, is_last: bool) -> int | None:
    for match in CLAUSE.finditer(text):
        before = text[: match.end()]
        if _words(before) < CLAUSE_WORDS or is_open(before):
            continue
        if ends_clause(text, match, is_last=is_last):
            return match.end()
    return None


def _split(text: str, rule: Opening) -> int | None:
    """Where an opening without any mark may be cut: before "and" and the like, or when it is long
    enough for any place to do."""
    words = list(re.finditer(r"\S+", text))
    for last, word in pairwise(words):
        before = text[: word.start()]
        count = _words(before)
        if count < rule.joined or not _may_part(last.group(), word.group()) or is_open(before):
            continue
        if last.group()[0].isupper() and word.group()[0].isupper():
            continue  # New York
        if count >= rule.anywhere:
            return word.start()
        joining = CONJUNCTIONS if rule is HURRIED else JOINING
        is_whole = word.end() < len(text) or rule is HURRIED  # "in" may become "interesting"
        if is_whole and _bare(word.group()) in joining:
            return word.start()
    return None


def _later(text: str, sentences: list[int], rule: Rule, is_last: bool) -> int | None:
    """The last sentence that still fits, of those that are here; a long one is cut."""
    fitting = [end for end in sentences if size(text[:end]) <= rule.most]
    if fitting and size(text[: fitting[-1]]) >= rule.least:
        return fitting[-1]
    longer = [end for end in sentences if end not in fitting]
    is_too_long = size(text) > rule.most
    if rule.clause is not None and not longer and not is_last:
        clause = _last_clause(text, rule.clause, rule.most, is_last)
    else:
        clause = _last_clause(text, rule.most // 4, rule.most, is_last) if is_too_long else None
    if clause is not None or not is_too_long:
        return clause
    return fitting[-1] if fitting else _anywhere(text, rule.most)


def _last_clause(text: str, least: int, most: int, is_last: bool) -> int | None:
    found = None
    for match in CLAUSE.finditer(text):
        end = match.end()
        if size(text[:end]) > most:
            break
        if size(text[:end]) >= least and ends_clause(text, match, is_last=is_last):
            found = found if is_open(text[:end]) else end
    return found


def _anywhere(text: str, most: int) -> int | None:
    """The last blank, or place between two ideographs, within `most`; else the first after it."""
    places = [match.start() for match in SPACE.finditer(text) if match.start()]
    places += [match.end() for match in CJK_CHAR.finditer(text)]
    whole = [place for place in sorted(places) if place < len(text) and not is_open(text[:place])]
    good = [place for place in whole if _may_part(text[:place].split()[-1], text[place:].strip())]
    for some in (good, whole):  # a place that hurts, if there is no other
        if within := [place for place in some if size(text[:place]) <= most]:
            return within[-1]
    if whole:
        return whole[0]
    return LONGEST_CHARS if len(text) > LONGEST_CHARS else None


def size(text: str) -> int:
    """Its length, as if in letters."""
    return len(text) + (CJK_SIZE - 1) * len(CJK_CHAR.findall(text))


def _ends(text: str, is_last: bool) -> Iterator[int]:
    for match in SENTENCE.finditer(text):
        before = text[: match.end()]
        if not ends_sentence(text, match, is_last=is_last) or is_open(before):
            continue
        if WORD.search(before):
            yield match.end()


def _words(text: str) -> int:
    return len(WORD.findall(inline(text)))


def _may_part(word: str, following: str) -> bool:
    """Whether a phrase may end between the two: not in "the house", "5 km" or "oui !"."""
    bare = _bare(word)
    if not bare or bare in LEANING or bare[-1].isdigit() or word[-1] == ".":
        return False
    return bool(_bare(following[:20]))


def _bare(word: str) -> str:
    return word.strip("\"'()[]*_`~,;:.!?\u2018\u2019\u201c\u201d\u00ab\u00bb").lower()
