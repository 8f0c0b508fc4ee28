"""English."""

from inference.assist.en.formats import FORMATS
from inference.assist.en.phrases import PHRASES
from inference.assist.en.words import NUMBERS, WORDS
from inference.assist.language import Language

LANGUAGE = Language(
    code="en",
    name_in_prompts=("english", "anglais"),
    words=WORDS,
    numbers=NUMBERS,
    formats=FORMATS,
    phrases=PHRASES,
)
