"""What the assistant says out of its own head: letters, numbers counted, a number picked."""

import unicodedata

from inference.assist.requests import Countdown, PickNumber, Request, Spell
from inference.assist.skills import CHANCE
from inference.assist.spoken import number_words
from inference.assist.voice import Voice, sentence

COUNTED_AT_MOST = 30
SPELLED_AT_MOST = 60  # letters


def own_words(request: Request, voice: Voice) -> str | None:
    """The answer, None for a request that is not of this sort."""
    match request:
        case Spell(word=str() as word, slowly=slowly):
            return _spelled(word, slowly, voice)
        case Countdown():
            return _counted(request, voice)
        case PickNumber(low=low, high=high):
            return voice.say("picked", number=voice.number(CHANCE.randint(low, high)))
        case _:
            return None


def _spelled(word: str, slowly: bool, voice: Voice) -> str:
    letters = [_letter(letter, voice) for letter in word[:SPELLED_AT_MOST] if letter.isalnum()]
    if not letters:
        return voice.say("say_again")
    if slowly:
        return ". ".join(letters) + "."
    return sentence(voice.say("spelled", word=word, letters=", ".join(letters)))


def _letter(letter: str, voice: Voice) -> str:
    plain, *marks = list(unicodedata.normalize("NFD", letter))
    accents = [voice.language.formats.accents.get(mark) for mark in marks]
    if not marks or None in accents:
        return letter.upper()
    return voice.say("accented", letter=plain.upper(), accent=" ".join(map(str, accents)))


def _counted(request: Countdown, voice: Voice) -> str:
    if request.start > COUNTED_AT_MOST:
        return voice.say("too_many_to_count", most=COUNTED_AT_MOST)
    numbers = range(1, request.start + 1) if request.up else range(request.start, -1, -1)
    words = ", ".join(number_words(number, voice.code) for number in numbers)
    return sentence(voice.say("counted", numbers=words))
