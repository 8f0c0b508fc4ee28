"""French words and numbers: other spellings, courtesies. All without accents."""

from inference.assist.language import NumberWords, Words
from inference.assist.spoken import number_words

APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
SPACES = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
NAMES = {value: number_words(value, "fr").replace("-", " ") for value in range(100)}
SMALL: dict[tuple[str, ...], int] = {
    tuple(name.replace("é", "e").split()): value for value, name in NAMES.items()
}
SMALL |= {
    (*words[:-1], "une"): value
    for words, value in SMALL.items()
    if words[-1] == "un" and len(words) > 1
}
SMALL |= {("quatre", "vingt"): 80, ("septante",): 70, ("nonante",): 90}
NUMBERS = NumberWords(
    small=SMALL,
    hundred=frozenset({"cent", "cents"}),
    dozen="douzaine",
    one=frozenset({"un", "une"}),
    scales={
        "mille": 10**3,
        "million": 10**6,
        "millions": 10**6,
        "milliard": 10**9,
        "milliards": 10**9,
    },
    joint="",
    point="virgule",
    digits={name.replace("é", "e"): value for value, name in NAMES.items() if value < 10},
    fractions={("et", "demi"): 0.5},
)
TELLING = """le la les un une des du de est sont quel quelle quels quelles que qu quoi qui je tu il
elle nous vous mon ma mes ton ta tes votre vos ce cette c et ou dans pour par avec sur au aux en
combien comment quand pourquoi peux pouvez dis donne mets mettre s l d j n ne pas plus oui bonjour
merci font fais fait moins fois heure heures demain hier svp plait salut"""
WORDS = Words(
    number_pattern=rf"\d{{1,3}}(?:[{SPACES}]\d{{3}})+(?:,\d+)?(?!\d)|\d*[.,]?\d+",
    # An apostrophe parts two words, but for a few.
    word_pattern=rf"aujourd[{APOSTROPHES}]hui|[^\W\d_]+",
    decimal_mark=",",
    thousands=SPACES,
    spelled={
        "aujourd'hui": "aujourd hui", "ok": "d accord", "stp": "s il te plait",
        "svp": "s il vous plait", "mn": "min",
    },
    symbols={
        "+": "plus",
        "*": "fois",
        "\N{MULTIPLICATION SIGN}": "fois",
        "/": "divise par",
        "÷": "divise par",
        "^": "puissance",
        "%": "pour cent",
        "°": "degres",
        "²": "au carre",
        "³": "au cube",
        "√": "racine carree de",
        "€": "euros",
    },
    times="fois",
    minus="moins",
    negative=frozenset(),
    ends_of_operands=frozenset(
        {"carre", "cube", "cent", "euros", "euro", "heure", "heures", "h", "midi", "minuit"}
    ),
    operators=frozenset({"plus", "moins", "fois", "par"}),
    homophones={"set": "sept", "cet": "sept", "sis": "six", "vin": "vingt", "sans": "cent"},
    misheard={},
    polite_starts=(
        ("s", "il", "te", "plait"), ("s", "il", "vous", "plait"), ("peux", "tu"),
        ("pouvez", "vous"), ("pourrais", "tu"), ("pourriez", "vous"), ("tu", "peux"),
        ("vous", "pouvez"), ("est", "ce", "que", "tu", "peux"),
        ("est", "ce", "que", "vous", "pouvez"), ("je", "veux", "que", "tu"),
        ("je", "voudrais", "que", "tu"), ("alors",), ("bon",), ("hey",), ("dis", "parley"),
        ("parley",), ("j", "aimerais", "que", "tu"), ("d", "accord"),
    ),
    polite_ends=(
        ("s", "il", "te", "plait"), ("s", "il", "vous", "plait"), ("pour", "moi"), ("parley",),
    ),
    hesitations=frozenset({"euh", "heu", "hum", "hmm", "ben", "bah"}),
    articles=("le ", "la ", "les ", "l'", "l\N{RIGHT SINGLE QUOTATION MARK}", "un ", "une ",
              "mon ", "ma ", "mes ", "du ", "de la ", "des ", "notre ", "votre "),
    at_place=("à la ", "à ", "en ", "au ", "aux ", "a "),
    joints=r"et puis|puis|et aussi|et ensuite|et",
    asks_result=r"combien (?:font|fait)|calcule[rz]?|que (?:font|fait)",
    telling=frozenset(TELLING.split()),
)  # fmt: skip
