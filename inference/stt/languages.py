"""Languages by ISO 639-1 code and English name, as requests name them and answers tell them."""

from collections.abc import Iterable

# Those Whisper knows; "haw" and "yue" have no two-letter code.
_TABLE = """
af afrikaans, am amharic, ar arabic, as assamese, az azerbaijani, ba bashkir, be belarusian,
bg bulgarian, bn bengali, bo tibetan, br breton, bs bosnian, ca catalan, cs czech, cy welsh,
da danish, de german, el greek, en english, es spanish, et estonian, eu basque, fa persian,
fi finnish, fo faroese, fr french, gl galician, gu gujarati, ha hausa, haw hawaiian, he hebrew,
hi hindi, hr croatian, ht haitian creole, hu hungarian, hy armenian, id indonesian, is icelandic,
it italian, ja japanese, jw javanese, ka georgian, kk kazakh, km khmer, kn kannada, ko korean,
la latin, lb luxembourgish, ln lingala, lo lao, lt lithuanian, lv latvian, mg malagasy, mi maori,
mk macedonian, ml malayalam, mn mongolian, mr marathi, ms malay, mt maltese, my myanmar,
ne nepali, nl dutch, nn nynorsk, no norwegian, oc occitan, pa punjabi, pl polish, ps pashto,
pt portuguese, ro romanian, ru russian, sa sanskrit, sd sindhi, si sinhala, sk slovak,
sl slovenian, sn shona, so somali, sq albanian, sr serbian, su sundanese, sv swedish, sw swahili,
ta tamil, te telugu, tg tajik, th thai, tk turkmen, tl tagalog, tr turkish, tt tatar, uk ukrainian,
ur urdu, uz uzbek, vi vietnamese, yi yiddish, yo yoruba, yue cantonese, zh chinese
"""
NAMES = {
    code: name for code, _, name in (entry.strip().partition(" ") for entry in _TABLE.split(","))
}
WITHOUT_SPACES = frozenset({"bo", "ja", "km", "lo", "my", "th", "yue", "zh"})
CODES = {name: code for code, name in NAMES.items()}


def code_of(asked: str) -> str:
    """`en` for `en`, `EN-us`, `en_GB` and `English`; what is no language stays as it is."""
    plain = asked.strip().lower()
    return CODES.get(plain) or plain.replace("_", "-").partition("-")[0]


def joined(texts: Iterable[str], code: str) -> str:
    """Sentences one after the other, as the language writes them."""
    return ("" if code in WITHOUT_SPACES else " ").join(text for text in texts if text)


def name_of(code: str) -> str:
    """As OpenAI writes it in `verbose_json`: the English name in lower case."""
    return NAMES.get(code, code)
