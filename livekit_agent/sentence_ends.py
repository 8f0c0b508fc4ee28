"""Where a sentence or a clause ends in text that is still being written."""

import re

_CLOSERS = "\"'\u2019\u201d\u00bb)\\]*_`~"
SENTENCE = re.compile(
    rf"[.!?\u2026\u061f\u06d4\u0964]+[{_CLOSERS}]*(?=\s|$)"
    rf"|[\u3002\uff01\uff1f\uff0e]+[{_CLOSERS}\u300d\u300f\uff09]*|(?<=\S)[^\S\n]*\n"
)
CLAUSE = re.compile(
    rf"[,;:\u060c\u061b][{_CLOSERS}]*(?=\s|$)|[\u2014\uff0c\uff1b\uff1a\u3001]|\s[\u2013-](?=\s)"
)
_TITLES = """
mr mrs ms dr prof st mt fr gen col sgt capt lt rev hon pres gov sen rep vs cf al fig eq approx e.g
i.e eg ie viz ca nr vol pp jan feb mar apr jun jul aug sep sept oct nov dec mm mme mlle mgr p.ex av
bd bvd tél chap
"""
_MAYBE = "etc inc ltd co corp jr sr a.m p.m u.s u.k u.n d.c i est min max dept"
TITLES = frozenset(_TITLES.split())  # never the end of a sentence: a name or an example follows
MAYBE = frozenset(_MAYBE.split())  # the end of a sentence if another one begins behind them
SCHEMES = ("http", "https", "ftp", "mailto", "tel", "sip", "file")
WORD_BEFORE = re.compile(r"\S*$")


def ends_sentence(text: str, match: re.Match[str], *, is_last: bool) -> bool:
    """Whether a match of SENTENCE is an end. At the end of the text it is told at once, unless what
    comes next could prove it wrong: "3." may become 3.5, "e.g." goes on."""
    mark = match.group()
    at_end = match.end() == len(text) and not is_last
    word = _word_before(text, match.start())
    bare = word.lower()
    if at_end and ("@" in bare or "://" in bare or bare == "www"):
        return False
    if not mark.startswith(".") or mark[1:2] in tuple(".!?\u2026"):
        return True
    if not bare:
        return not at_end  # ".5" may come
    if bare[-1].isdigit():
        is_numbering = not text[: match.start() - len(word)].rpartition("\n")[2].strip(" *_#>-")
        return not at_end and not (is_numbering and bare.isdigit())
    if bare in TITLES or (len(bare) == 1 and bare.isalpha() and bare != "i"):
        return is_last and match.end() == len(text.rstrip())
    if bare in MAYBE or "." in bare:
        return _another_begins(text, match.end(), is_last=is_last)
    return True


def ends_clause(text: str, match: re.Match[str], *, is_last: bool) -> bool:
    """Whether a match of CLAUSE is an end: not the one in 1,000 or 10:30 or https:."""
    word = _word_before(text, match.start())
    at_end = match.end() == len(text) and not is_last
    if not at_end:
        return True
    return not (word[-1:].isdigit() or word.lower() in SCHEMES or "://" in word)


def _word_before(text: str, place: int) -> str:
    found = WORD_BEFORE.search(text, 0, place)
    return found.group().lstrip("\"'\u2018\u201c\u00ab([*_`~") if found else ""


def _another_begins(text: str, place: int, *, is_last: bool) -> bool:
    after = text[place:].lstrip()
    if not after:
        return is_last
    first = after.lstrip("\"'\u2018\u201c\u00ab([*_")[:1]
    return first.isupper() or "\n" in text[place : len(text) - len(after)]
