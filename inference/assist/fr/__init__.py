"""French."""

from inference.assist.fr.formats import FORMATS
from inference.assist.fr.phrases import PHRASES
from inference.assist.fr.words import NUMBERS, WORDS
from inference.assist.language import Language

LANGUAGE = Language(
    code="fr",
    name_in_prompts=("french", "francais"),
    words=WORDS,
    numbers=NUMBERS,
    formats=FORMATS,
    phrases=PHRASES,
)
