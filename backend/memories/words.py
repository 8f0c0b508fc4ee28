"""The words of a text that carry meaning, alike in every form they are written in."""

import re
import unicodedata

STEM_CHARS = 4  # a shorter word's last s is not a plural: bus, has, gas
WORD = re.compile(r"\w+")
# Words that are in every question, in the languages spoken here.
ENGLISH = """
a about am an and any are as at be been but by can could d did do does for forget from had
has have her him his how i if in is it its know ll m me my of on or our please re remember s
she should so t tell than that the their them then there they this to ve was we were what when
where which who whose why will with would you your
"""
FRENCH = """
au aux avec ai as c ce ces cet cette comment d dans de des du elle en es est et eu il ils j je
l la le les leur lui m ma mais me mes mon n ne nos notre nous on ont ou oublie par pas pour qu
quand que quel quelle quels quelles qui quoi sa se ses sont souviens sur ta te tes toi ton tu
un une vos votre vous y
"""
STOPWORDS = frozenset(ENGLISH.split() + FRENCH.split())


def words_of(text: str) -> tuple[str, ...]:
    """Without accents, case and plural ending."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return tuple(_stem(word) for word in WORD.findall(plain) if word not in STOPWORDS)


def _stem(word: str) -> str:
    if len(word) >= STEM_CHARS and word[-1] in "sx" and not word.endswith("ss"):
        return word[:-1]
    return word
