"""Web and mail addresses, names of files, versions, @names and #tags."""

import re

from inference.tts.normalise.language import Language, Rule
from inference.tts.normalise.numbers import one_by_one

# Endings that make a word with a dot in it an address or a file rather than a missing blank.
_ENDINGS = (
    "com|org|net|edu|gov|io|dev|app|ai|info|biz|tv|me|co|local|fr|de|uk|us|ca|eu|es|it|nl|be|ch|mg"
    "|py|js|ts|tsx|md|txt|json|yaml|yml|toml|html|css|pdf|csv|zip|exe|png|jpg|jpeg|gif|mp3|mp4|wav"
    "|docx|xlsx|pptx|sh|cfg|ini|log|xml"
)
_LABEL = r"[^\W_](?:[\w-]{0,62}[^\W_])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL}){{0,8}}(?::\d{{1,5}}(?!\d))?"
_PATH = r"(?:/[\w.~%+@:-]{0,200}){0,20}"
_QUERY = r"(?:[?#][^\s<>\"]{0,2000})?"  # nobody wants to hear it
_MAIL = re.compile(rf"(?<![\w.+-])(?:mailto:)?([\w.+-]{{1,64}}@{_LABEL}(?:\.{_LABEL}){{1,8}})")
_URL = re.compile(rf"(?<!\w)(?:https?|wss?|ftp)://({_HOST}{_PATH}){_QUERY}", re.IGNORECASE)
_BARE = re.compile(
    rf"(?<![\w.@/-])((?:www\.{_HOST}|{_LABEL}(?:\.{_LABEL}){{0,4}}\.(?:{_ENDINGS}))(?![\w-]){_PATH})"
    rf"{_QUERY}"
)
_IP = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?!\.?\w)")
_VERSION = re.compile(r"(?<![\w.])(v ?)?(\d{1,6}(?:\.\d{1,6})+)(?![\w]|\.\d)", re.IGNORECASE)
_BARE_VERSION = re.compile(r"(?<![\w.])v(?=\d{1,6}(?![\w]))")
_NAME = re.compile(r"(?<![\w@])@(?=[^\W\d])")
_TAG = re.compile(r"(?<![\w#&])#([^\W\d]\w{0,99})")
_HUMP = re.compile(r"(?<=[a-z\d])(?=[A-Z])")
_SIGN = re.compile(r"[^\w\s]|_")
_TRAILING = ".:-/"
_VERSION_DOTS = 2


def rules(language: Language) -> list[Rule]:
    found: list[Rule] = []
    if language.words:
        found += [
            Rule(pattern, lambda match: _spelled(match, language))
            for pattern in (_MAIL, _URL, _BARE)
        ]
    if language.point and language.words:
        found += [
            Rule(_IP, lambda match: _ip(match, language)),
            Rule(_VERSION, lambda match: _version(match, language)),
        ]
    if language.version:
        found.append(Rule(_BARE_VERSION, f"{language.version} "))
    if language.hashtag:
        found += [
            Rule(_NAME, f"{language.words['@']} "),
            Rule(_TAG, lambda match: f"{language.hashtag} {_HUMP.sub(' ', match[1])}"),
        ]
    return found


def _spelled(match: re.Match[str], language: Language) -> str:
    """Full stops after an address are the sentence's."""
    address = match[1].rstrip(_TRAILING)
    said = _SIGN.sub(lambda sign: f" {language.words.get(sign[0], '')} ", address)
    whole_is_address = match.end() == match.end(1)
    rest = match[1][len(address) :].replace("/", "") if whole_is_address else ""
    return " ".join(said.split()) + rest


def _ip(match: re.Match[str], language: Language) -> str:
    address, _, port = match[0].partition(":")
    dot = f" {language.words.get('.', language.point)} "
    said = dot.join(one_by_one(part, language) for part in address.split("."))
    return f"{said} {language.words.get(':', '')} {one_by_one(port, language)}" if port else said


def _version(match: re.Match[str], language: Language) -> str | None:
    """`1.2.3`; `2.5` is a version only after a v."""
    parts = match[2].split(".")
    if not match[1] and (len(parts) <= _VERSION_DOTS or parts[0][0] == "0" != parts[0]):
        return None
    if not match[1] and (_is_grouped(parts, language) or len(parts[-1]) == len("2024")):
        return None
    point = language.point if language.decimal == "." else language.words["."]
    said = f" {point} ".join(language.cardinal(int(part), False) for part in parts)
    return f"{language.version} {said}" if match[1] and language.version else said


def _is_grouped(parts: list[str], language: Language) -> bool:
    """1.234.567 where that is a number."""
    return "." in language.group and all(len(part) == len("234") for part in parts[1:])
