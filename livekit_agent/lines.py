"""Every fixed sentence the agent may say, by key and language.

`python -m livekit_agent.lines` prints them as JSON, for whoever renders them ahead of time: a list
of {"file", "language", "text"}, `file` being where in a folder of clips the sound belongs.
"""

import hashlib
import json
import sys
from pathlib import PurePosixPath
from typing import Literal

LineKey = Literal[
    "one_moment",
    "lost_stt",
    "lost_llm",
    "lost_tts",
    "still_there",
    "going_silent",
    "must_end",
    "time_is_up",
    "lines_busy",
    "searching",
    "back_again",
    "recorded",
]

FALLBACK_LANGUAGE = "en"
HASH_CHARS = 12

LINES: dict[str, dict[LineKey, str]] = {
    "en": {
        "one_moment": "One moment, please.",
        "lost_stt": "I can't hear you well just now. I'm still here, please say that again.",
        "lost_llm": "I lost my train of thought. I'm still here, please try again in a moment.",
        "lost_tts": "I lost my usual voice. I'm still here, and I'll speak like this for now.",
        "still_there": "Are you still there?",
        "going_silent": "I haven't heard anything for a while, so I'll hang up now. Goodbye.",
        "must_end": "I'm sorry, something is broken here and I have to end this call. Goodbye.",
        "time_is_up": "We have talked for as long as a call may last, so I'll hang up. Goodbye.",
        "lines_busy": "All lines are busy just now. Please try again in a few minutes.",
        "searching": "Let me look that up.",
        "back_again": "Sorry, I was gone for a moment. I'm back, please go on.",
        "recorded": "This call is being recorded.",
    },
    "fr": {
        "one_moment": "Un instant, s'il vous plaît.",
        "lost_stt": "Je vous entends mal. Je suis toujours là, pouvez-vous répéter ?",
        "lost_llm": "J'ai perdu le fil. Je suis toujours là, réessayez dans un instant.",
        "lost_tts": "J'ai perdu ma voix habituelle. Je suis toujours là, avec celle-ci.",
        "still_there": "Êtes-vous toujours là ?",
        "going_silent": "Je n'entends plus rien depuis un moment, je raccroche. Au revoir.",
        "must_end": "Désolé, quelque chose est en panne et je dois raccrocher. Au revoir.",
        "time_is_up": "Cet appel a duré autant qu'il le peut, je raccroche. Au revoir.",
        "lines_busy": "Toutes les lignes sont occupées. Réessayez dans quelques minutes.",
        "searching": "Je cherche.",
        "back_again": "Désolé, j'étais absent un instant. Je suis de retour, continuez.",
        "recorded": "Cet appel est enregistré.",
    },
}


def line(key: LineKey, language: str) -> str:
    """The sentence in `language`, a tag such as "fr" or "en-GB"; English where there is none."""
    return LINES[language_of_lines(language)][key]


def language_of_lines(language: str) -> str:
    """The language whose lines serve a speaker of `language`."""
    base = language.lower().replace("_", "-").partition("-")[0]
    return base if base in LINES else FALLBACK_LANGUAGE


def clip_file(key: LineKey, language: str) -> PurePosixPath:
    """Where a line's sound is in a folder of clips. A line that is reworded gets another name, so
    that what was rendered of its old words is never heard."""
    spoken = language_of_lines(language)
    digest = hashlib.sha256(LINES[spoken][key].encode()).hexdigest()[:HASH_CHARS]
    return PurePosixPath(spoken, f"{key}-{digest}.pcm")


def listing() -> list[dict[str, str]]:
    """All lines, for a renderer."""
    return [
        {"file": str(clip_file(key, language)), "language": language, "text": text}
        for language, texts in LINES.items()
        for key, text in texts.items()
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(listing(), ensure_ascii=False, indent=1) + "\n")
