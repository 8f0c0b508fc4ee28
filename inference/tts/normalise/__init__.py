"""Turn text as it is written into the words that are said, by language."""

from inference.tts.lexicon import Lexicon
from inference.tts.script import Script
from inference.tts.text import prepare


def script_of(source: str, language: str, lexicon: Lexicon | None = None) -> Script:
    """What is said for `source` in `language` (a tag in lower case: en-us, fr-fr, mg, cmn …).

    Line breaks stay, as pauses. Empty: nothing of it can be said. Never raises; takes up to 50 ms
    for the longest input, so it belongs in a thread.
    """
    script = prepare(source)
    return script if lexicon is None else lexicon.apply(script, language)
