"""Take out of a reply what is for eyes only: markdown, emoji, the addresses of links."""

import re

from livekit.agents.voice.transcription.filters import (
    EMOJI_PATTERN,
    FULL_LINE_PATTERNS,
    INLINE_MARKERS,
    INLINE_PATTERNS,
    LINE_PATTERNS,
)

# Beside the SDK's: rows of tables, of which the lines between head and body say nothing.
TABLE_RULE = re.compile(r"^\s*\|?(?:\s*:?-{2,}:?\s*\|)+\s*(?::?-{2,}:?)?\s*$")
TABLE_ROW = re.compile(r"^\s*\|(.*?)\|?\s*$")
BLANKS = re.compile(r"[^\S\n]+")

# Markup that was begun may go on; but not for long, or a lone star would silence all that follows.
OPEN = re.compile(
    r"(?<![\w*])\*{1,3}(?![\s*])[^*\n]{0,150}\*{0,2}$"
    r"|(?<!\w)_{1,3}(?![\s_])[^_\n]{0,150}_{0,2}$"
    r"|~~[^~\n]{1,150}~?$"
    r"|\[[^\]\n]{0,80}$|\[[^\]\n]{0,80}\](?:\([^)\s]*)?$"
    r"|[*_~`]$|(?:^|\s)!$"
)
CODE = re.compile(r"`[^`\n]{0,150}$")


def speakable(text: str, *, at_line_start: bool = True) -> str:
    """`text` as words for a voice, in the lines it had. `at_line_start`: whether it begins one."""
    lines = text.split("\n")
    cleaned = [
        _clean(line, at_start=at_line_start or number > 0) for number, line in enumerate(lines)
    ]
    return "\n".join(line for line in cleaned if line)


def is_open(text: str) -> bool:
    """Whether markup that was begun in the last line of `text` may still go on."""
    line = text[text.rfind("\n") + 1 :]
    if not INLINE_MARKERS.search(line) and not line.endswith("!"):
        return False
    if line.count("`") % 2 and CODE.search(line):
        return True
    return bool(OPEN.search(inline(line)))


def inline(line: str) -> str:
    """`line` without markup but that of its beginning."""
    if INLINE_MARKERS.search(line):
        for pattern, replacement in INLINE_PATTERNS:
            line = pattern.sub(replacement, line)
    return line


def _clean(line: str, *, at_start: bool) -> str:
    if at_start:
        if TABLE_RULE.match(line):
            return ""
        line = TABLE_ROW.sub(lambda row: row[1].replace("|", ","), line)
        for pattern, replacement in (*FULL_LINE_PATTERNS, *LINE_PATTERNS):
            line = pattern.sub(replacement, line)
    return BLANKS.sub(" ", EMOJI_PATTERN.sub("", inline(line))).strip()
