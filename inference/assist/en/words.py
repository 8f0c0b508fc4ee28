"""English words and numbers: other spellings, courtesies, what is often misheard."""

from inference.assist.language import NumberWords, Words

UNTIL_TWENTY = """zero one two three four five six seven eight nine ten eleven twelve thirteen
fourteen fifteen sixteen seventeen eighteen nineteen"""
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60,
    "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
UNITS = UNTIL_TWENTY.split()[:10]
SMALL: dict[tuple[str, ...], int] = (
    {(word,): value for value, word in enumerate(UNTIL_TWENTY.split())}
    | {(word,): value for word, value in TENS.items()}
    | {(ten, UNITS[unit]): value + unit for ten, value in TENS.items() for unit in range(1, 10)}
)
DIGITS = {word: value for value, word in enumerate(UNITS)}
NUMBERS = NumberWords(
    small=SMALL,
    hundred=frozenset({"hundred"}),
    dozen="dozen",
    one=frozenset({"a", "one"}),
    scales={"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12},
    joint="and",
    point="point",
    digits=DIGITS | {"oh": 0, "o": 0},
    fractions={
        ("and", "a", "half"): 0.5,
        ("and", "a", "quarter"): 0.25,
        ("and", "three", "quarters"): 0.75,
    },
)
TELLING = """the is are what how do you does did can could would who where when why to of and for
my your it this that with have i am at in please tell give me much many there from about yes okay
thanks thank hello not will was be"""
WORDS = Words(
    number_pattern=r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|\d*\.?\d+",
    word_pattern=r"[^\W\d_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}][^\W\d_]+)*",
    decimal_mark=".",
    thousands=",",
    spelled={
        "what's": "what is", "whats": "what is", "where's": "where is", "wheres": "where is",
        "who's": "who is", "when's": "when is", "how's": "how is", "it's": "it is",
        "that's": "that is", "there's": "there is", "i'm": "i am", "im": "i am",
        "i'd": "i would", "you're": "you are", "don't": "do not", "dont": "do not",
        "didn't": "did not", "didnt": "did not", "can't": "can not", "isn't": "is not",
        "let's": "let us", "alright": "all right", "bye-bye": "bye bye",
    },
    symbols={
        "+": "plus",
        "*": "times",
        "\N{MULTIPLICATION SIGN}": "times",
        "/": "divided by",
        "÷": "divided by",
        "^": "to the power of",
        "%": "percent",
        "°": "degrees",
        "²": "squared",
        "³": "cubed",
        "√": "square root of",
    },
    times="times",
    minus="minus",
    negative=frozenset({"negative"}),
    ends_of_operands=frozenset(
        {"squared", "cubed", "percent", "cent", "dollars", "euros", "pounds"}
    ),
    operators=frozenset({"plus", "minus", "times", "by"}),
    homophones={"for": "four", "to": "two", "too": "two", "won": "one", "ate": "eight"},
    misheard={("timer", "four"): "for", ("alarm", "four"): "for"},
    polite_starts=(
        ("please",), ("can", "you"), ("could", "you"), ("would", "you"), ("will", "you"),
        ("hey",), ("ok",), ("okay",), ("well",), ("so",), ("now",), ("parley",), ("just",),
        ("actually",), ("i", "want", "you", "to"), ("i", "would", "like", "you", "to"),
        ("i", "need", "you", "to"), ("i", "would", "like", "to"), ("i", "want", "to"),
    ),
    polite_ends=(("please",), ("for", "me"), ("parley",)),
    hesitations=frozenset({"um", "uh", "er", "erm", "hmm", "uhm"}),
    articles=("the ", "some ", "a ", "an ", "my ", "our ", "your "),
    at_place=("in ", "at "),
    joints=r"and then|then|and also|and",
    asks_result=r"what(?:'s|s| is)|how much is|calculate|compute|solve",
    telling=frozenset(TELLING.split()),
)  # fmt: skip
