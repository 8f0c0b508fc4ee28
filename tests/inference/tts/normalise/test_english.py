"""English as it is written, and as it is said. Read it as documentation."""

import pytest

from inference.tts.normalise import script_of

CARDINALS = [
    ("0", "zero"),
    ("7 dwarfs", "seven dwarfs"),
    ("105 dogs", "one hundred and five dogs"),
    ("1,234,567", "one million two hundred and thirty-four thousand five hundred and sixty-seven"),
    ("1000000", "one million"),
    ("-5 below", "minus five below"),
    ("\u22125 below", "minus five below"),
    ("1, 2, 3", "one, two, three"),
    ("room 101", "room one hundred and one"),
    ("1.2M views, 100k fans", "one point two million views, one hundred thousand fans"),
    ("a 4K film", "a 4K film"),
    ("GPT-4 and Windows 11", "GPT-four and Windows eleven"),
]
IDENTIFIERS = [
    ("12345678", "one two three four five six seven eight"),
    ("007", "zero zero seven"),
    ("zip 02134", "zip zero two one three four"),
    ("123-45-6789", "one two three, four five, six seven eight nine"),
    (
        "card 4111 1111 2222 3333",
        "card four one one one, one one one one, two two two two, three three three three",
    ),
    ("A320, H2O, mp3 and 5G", "A320, H2O, mp3 and 5G"),  # engines know better
]
DECIMALS = [
    ("3.14", "three point one four"),
    ("0.05", "zero point zero five"),
    (".5", "point five"),
    ("1,234.5", "one thousand two hundred and thirty-four point five"),
    ("-0.5", "minus zero point five"),
]
ORDINALS = [
    ("1st, 2nd, 3rd, 4th", "first, second, third, fourth"),
    ("the 21st century", "the twenty-first century"),
    ("the 1,000th time", "the one thousandth time"),
    ("Louis XIV", "Louis the fourteenth"),
    ("Pope John Paul II", "Pope John Paul the second"),
    ("World War II", "World War two"),
    ("Act I, Chapter IV", "Act one, Chapter four"),
    ("III or MIX or I", "III or MIX or I"),
]
YEARS = [
    ("in 1999", "in nineteen ninety-nine"),
    ("in 1905", "in nineteen oh five"),
    ("in 1900", "in nineteen hundred"),
    ("in 2000", "in two thousand"),
    ("in 2005", "in two thousand and five"),
    ("in 2024", "in twenty twenty-four"),
    ("in 1066", "in ten sixty-six"),
    ("1066 soldiers", "one thousand and sixty-six soldiers"),
    ("2000 km", "two thousand kilometers"),
    ("1999-2005", "nineteen ninety-nine to two thousand and five"),
    ("2024-25", "twenty twenty-four to twenty-five"),
    ("the 1900s", "the nineteen hundreds"),
    ("the 1990s", "the nineteen nineties"),
    ("the '90s", "the nineties"),
    ("the 60s and 70s", "the sixties and seventies"),
    ("in her 20s", "in her twenties"),
    ("the 2000s", "the two thousands"),
    ("44 BC", "forty-four B.C."),
    ("AD 79", "A.D. seventy-nine"),
]
MONEY = [
    ("$5.20", "five dollars and twenty cents"),
    ("$1", "one dollar"),
    ("$1.01", "one dollar and one cent"),
    ("$0.50", "fifty cents"),
    ("$.50", "fifty cents"),
    ("-$5", "minus five dollars"),
    ("$1,234.56", "one thousand two hundred and thirty-four dollars and fifty-six cents"),
    ("£3", "three pounds"),
    ("£2.01", "two pounds and one penny"),
    ("€1,50", "one euro and fifty cents"),
    ("5 €", "five euros"),
    ("5 EUR", "five euros"),
    ("¥500", "five hundred yen"),
    ("50¢", "fifty cents"),
    ("US$20", "twenty US dollars"),
    ("$2.5 million", "two point five million dollars"),
    ("€2bn", "two billion euros"),
    ("$5k", "five thousand dollars"),
    ("$5-10", "five to ten dollars"),
    ("$5-$10", "five to ten dollars"),
    ("$20/month", "twenty dollars per month"),
    ("It costs $5.", "It costs five dollars."),
]
PERCENT = [
    ("5%", "five percent"),
    ("12.5 %", "twelve point five percent"),
    ("5-10%", "five to ten percent"),
]
DATES = [
    ("2024-03-04", "March fourth, twenty twenty-four"),
    ("March 4, 2024", "March fourth, twenty twenty-four"),
    ("4 March 2024", "the fourth of March, twenty twenty-four"),
    ("the 3rd of May, 2021", "the third of May, twenty twenty-one"),
    ("3/4/2024", "March fourth, twenty twenty-four"),
    ("13/4/2024", "April thirteenth, twenty twenty-four"),  # there is no month 13
    ("3/4/84", "March fourth, nineteen eighty-four"),
    ("Mar 4", "March fourth"),
    ("Dec. 25th", "December twenty-fifth"),
    ("March 3-5, 2024", "March third to five, twenty twenty-four"),
    ("May 2024", "May twenty twenty-four"),
    ("in Sept. we", "in September we"),
]
BRITISH = [
    ("3/4/2024", "the third of April, twenty twenty-four"),
    ("2024-03-04", "the fourth of March, twenty twenty-four"),
    ("5 km", "five kilometres"),
]
TIMES = [
    ("3:30 pm", "three thirty p.m."),
    ("at 10:30 AM.", "at ten thirty a.m."),
    ("8am", "eight a.m."),
    ("8:00", "eight o'clock"),
    ("1:05", "one oh five"),
    ("15:30", "fifteen thirty"),
    ("17:00", "seventeen hundred"),
    ("00:00", "midnight"),
    ("3:30:15", "three thirty and fifteen seconds"),
    ("9am-5pm", "nine a.m. to five p.m."),
    ("10:00-11:30", "ten o'clock to eleven thirty"),
    ("a ratio of 16:9", "a ratio of sixteen to nine"),
]
PHONES = [
    ("555-123-4567", "five five five, one two three, four five six seven"),
    ("(555) 123-4567", "five five five, one two three, four five six seven"),
    ("555-1234", "five five five, one two three four"),
    ("1-800-555-1234", "one, eight zero zero, five five five, one two three four"),
    ("+33 6 12 34 56 78", "plus three three, six, one two, three four, five six, seven eight"),
    ("0800 123 456", "zero eight zero zero, one two three, four five six"),
]
UNITS = [
    ("1 km", "one kilometer"),
    ("5km", "five kilometers"),
    ("a 5-km run", "a five kilometer run"),
    ("10 °C", "ten degrees Celsius"),
    ("-5°F", "minus five degrees Fahrenheit"),
    ("3 kg", "three kilograms"),
    ("100 km/h", "one hundred kilometers per hour"),
    ("5 GB", "five gigabytes"),
    ("2.5 GHz", "two point five gigahertz"),
    ("20 m²", "twenty square meters"),
    ("wait 30s", "wait thirty seconds"),
    ("3 min 20 s", "three minutes twenty seconds"),
    ("5'11\"", "five feet eleven inches"),
    ("6' tall", "six feet tall"),
    ('"the class of 6" said', '"the class of six" said'),
    ("x² and 10³", "x squared and ten cubed"),
]
FRACTIONS = [
    ("1/2 cup", "one half cup"),
    ("3/4", "three quarters"),
    ("2/3", "two thirds"),
    ("½", "one half"),
    ("2½", "two and one half"),
    ("1 1/2", "one and one half"),
    ("8/10", "eight out of ten"),
    ("22/7", "twenty-two over seven"),
    ("24/7", "twenty-four seven"),
]
MATHS = [
    ("2+2=4", "two plus two equals four"),
    ("3 \u00d7 4", "three times four"),
    ("2*3", "two times three"),
    ("5 > 3", "five is greater than three"),
    ("10 - 3", "ten minus three"),
    ("5-3=2", "five minus three equals two"),
    ("x = 5", "x equals five"),
    ("2^10", "two to the power of ten"),
    ("5-10 apples", "five to ten apples"),
    ("pages 5\u201310", "pages five to ten"),
]
ADDRESSES = [
    ("https://example.com/docs", "example dot com slash docs"),
    ("Go to www.example.com.", "Go to www dot example dot com."),
    ("http://localhost:8080", "localhost colon eight thousand and eighty"),
    ("https://example.com/?utm=1#top", "example dot com"),
    ("john.doe@example.com", "john dot doe at example dot com"),
    ("main.py", "main dot py"),
    ("#HelloWorld", "hashtag Hello World"),
    ("@john", "at john"),
    ("#5", "number five"),
    ("192.168.1.1", "one nine two dot one six eight dot one dot one"),
    ("v1.2.3", "version one point two point three"),
    ("v2", "version two"),
    ("Python 3.12.1", "Python three point twelve point one"),
]
ABBREVIATIONS = [
    ("Dr. Smith and Mr. Jones", "Doctor Smith and Mister Jones"),
    ("Mrs Hall", "Missus Hall"),
    ("St. Louis", "Saint Louis"),
    ("12 Main St.", "twelve Main Street."),
    ("Main St. is closed", "Main Street is closed"),
    ("on 5th Ave. Then", "on fifth Avenue. Then"),
    ("e.g. this", "for example, this"),
    ("i.e. that", "that is, that"),
    ("tea etc. and", "tea et cetera and"),
    ("tea, etc.", "tea, et cetera."),
    ("cats vs. dogs", "cats versus dogs"),
    ("approx. 5", "approximately five"),
    ("No. 5", "number five"),
    ("No. I said", "No. I said"),
    ("p. 5, Fig. 3", "page five, figure three"),
    ("R&D, AT&T", "R and D, AT&T"),
    ("C++ or C#", "C plus plus or C sharp"),
    ("~5 min", "about five minutes"),
    ("NASA and the FBI", "NASA and the FBI"),
]
AMERICAN = [
    *CARDINALS,
    *IDENTIFIERS,
    *DECIMALS,
    *ORDINALS,
    *YEARS,
    *MONEY,
    *PERCENT,
    *DATES,
    *TIMES,
    *PHONES,
    *UNITS,
    *FRACTIONS,
    *MATHS,
    *ADDRESSES,
    *ABBREVIATIONS,
]


@pytest.mark.parametrize(("written", "said"), AMERICAN)
def test_american_english(written: str, said: str) -> None:
    assert script_of(written, "en-us").text == said


@pytest.mark.parametrize(("written", "said"), BRITISH)
def test_british_english(written: str, said: str) -> None:
    assert script_of(written, "en-gb").text == said
