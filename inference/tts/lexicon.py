"""The user's lexicon: words and phrases, and how to say them."""

from pathlib import Path

from inference.tts.script import Script


class Lexicon:
    """What the file holds now. Opening it does no I/O; every method is safe in any thread."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or Path.home() / ".config" / "parley" / "lexicon.json"

    def apply(self, script: Script, language: str) -> Script:
        """`script` with its words said as the entries for `language` tell."""
        return script
