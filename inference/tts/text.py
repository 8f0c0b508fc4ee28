"""Prepare text for speech: what is written for the eye (markup, emoji) goes, words stay."""

import re
import unicodedata

# Emoji and pictographs with what joins and tints them; symbols that have a name (° € №) stay.
_PICTURES = re.compile(
    "[\u2190-\u21ff\u231a-\u23ff\u25a0-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\u200d\u20e3"
    "\U0001f000-\U0001faff\U000e0000-\U000e007f]+"
)
_TAG = re.compile(r"<[/!?]?[A-Za-z][^<>]{0,300}>")
_FENCE = re.compile(r"^[ \t]*(```|~~~).*$", re.MULTILINE)
_RULE = re.compile(r"^[ \t]*([-*_=])(?:[ \t]*\1){2,}[ \t]*$", re.MULTILINE)
_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+\u2022][ \t]+)", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()\s]{0,2000}\)")
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3}|_{1,3}|~~)(?=\S)|(?<=\S)(\*{1,3}|_{1,3}|~~)(?!\w)")
_RUN = re.compile(r"([^\w\s])\1{3,}")  # ===== and !!!!!! are drawn, not said
_BLANKS = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")
_SAID_SYMBOLS = frozenset("%&@#+=°§©™√")


def prepare(text: str) -> str:
    """`text` as it should be spoken; line breaks stay, as pauses. Empty: nothing can be said."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _without_controls(text)
    for pattern in (_FENCE, _RULE, _LINE_MARK):
        text = pattern.sub("", text)
    text = _LINK.sub(r"\1", text).replace("`", "")
    text = _TAG.sub(" ", text)
    text = _EMPHASIS.sub("", text)
    text = _PICTURES.sub(" ", text)
    text = _RUN.sub(" ", text)
    text = _LINES.sub("\n", _BLANKS.sub(" ", text)).strip()
    return text if any(map(is_said, text)) else ""


def _without_controls(text: str) -> str:
    """Without control, formatting and unpaired surrogate characters.

    They are more than noise: espeak-ng takes U+0001 as the start of a command.
    """
    return "".join(
        char if char == "\n" or not unicodedata.category(char).startswith("C") else _stand_in(char)
        for char in text
    )


def _stand_in(char: str) -> str:
    # Zero-width and direction marks sit inside words; the rest separates them. The zero-width
    # joiners that Indic and Persian spelling needs are among them: espeak-ng does not miss them.
    return "" if unicodedata.category(char) == "Cf" else " "


def is_said(char: str) -> bool:
    """Punctuation only shapes what is said around it; alone it is silence."""
    return char.isalnum() or char in _SAID_SYMBOLS or unicodedata.category(char) == "Sc"
