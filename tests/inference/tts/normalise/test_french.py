"""French as it is written, and as it is said. Read it as documentation."""

import pytest

from inference.tts.normalise import script_of

NUMBERS = [
    ("0", "zéro"),
    ("21 ans", "vingt et un ans"),
    ("71 et 91", "soixante et onze et quatre-vingt-onze"),
    ("80 et 81", "quatre-vingts et quatre-vingt-un"),
    ("200 pages", "deux cents pages"),
    ("1 234 567", "un million deux cent trente-quatre mille cinq cent soixante-sept"),
    ("1.234.567", "un million deux cent trente-quatre mille cinq cent soixante-sept"),
    ("1\u202f000", "mille"),
    ("-5 degrés", "moins cinq degrés"),
    ("5-10 pommes", "cinq à dix pommes"),
    ("12345678", "un deux trois quatre cinq six sept huit"),
    ("007", "zéro zéro sept"),
    ("3,14", "trois virgule quatorze"),
    ("3,05", "trois virgule zéro cinq"),
    ("0,5", "zéro virgule cinq"),
    ("2,718", "deux virgule sept un huit"),
    ("3.14", "trois point quatorze"),
    ("A380 et 5G", "A380 et 5G"),
]
ORDINALS = [
    ("le 1er et la 1re", "le premier et la première"),
    ("la 1ère fois", "la première fois"),
    ("2e, 3ème", "deuxième, troisième"),
    ("la 2nde", "la seconde"),
    ("le 21e", "le vingt et unième"),
    ("le 80e", "le quatre-vingtième"),
    ("XXIe siècle", "vingt et unième siècle"),
    ("la Ve République", "la cinquième République"),
    ("Louis XIV", "Louis quatorze"),
    ("François Ier", "François premier"),
    ("Napoléon III", "Napoléon trois"),
    ("Chapitre IV, tome II", "Chapitre quatre, tome deux"),
    ("Je VIS, Xavier", "Je VIS, Xavier"),
]
MONEY = [
    ("5 €", "cinq euros"),
    ("1 €", "un euro"),
    ("5,20 €", "cinq euros et vingt centimes"),
    ("1,50€", "un euro et cinquante centimes"),
    ("0,50 €", "cinquante centimes"),
    ("21 €", "vingt et un euros"),
    ("1 234,56 €", "mille deux cent trente-quatre euros et cinquante-six centimes"),
    ("-5 €", "moins cinq euros"),
    ("1 £", "une livre"),
    ("20 $", "vingt dollars"),
    ("$5.20", "cinq dollars et vingt cents"),
    ("2,5 millions d'euros", "deux virgule cinq millions d'euros"),
    ("3 M€", "trois millions d'euros"),
    ("1 000 000 €", "un million d'euros"),
    ("500 k€", "cinq cent mille euros"),
    ("12,5 Md€", "douze virgule cinq milliards d'euros"),
    ("5-10 €", "cinq à dix euros"),
    ("10 €/mois", "dix euros par mois"),
    ("3 000 Ar", "trois mille ariary"),
]
PERCENT = [
    ("5 %", "cinq pour cent"),
    ("12,5%", "douze virgule cinq pour cent"),
    ("5-10 %", "cinq à dix pour cent"),
    ("3 ‰", "trois pour mille"),
]
DATES = [
    ("le 4 mars 2024", "le quatre mars deux mille vingt-quatre"),
    ("le 1er mai", "le premier mai"),
    ("le 1 mai", "le premier mai"),
    ("04/03/2024", "quatre mars deux mille vingt-quatre"),
    ("4.3.2024", "quatre mars deux mille vingt-quatre"),
    ("2024-03-04", "quatre mars deux mille vingt-quatre"),
    ("14 juil. 1789", "quatorze juillet mille sept cent quatre-vingt-neuf"),
    ("du 3-5 mars", "du trois à cinq mars"),
    ("mars 2024", "mars deux mille vingt-quatre"),
    ("en mars 4 amis", "en mars quatre amis"),
    ("en 1999", "en mille neuf cent quatre-vingt-dix-neuf"),
    ("1914-1918", "mille neuf cent quatorze à mille neuf cent dix-huit"),
    ("44 av. J.-C.", "quarante-quatre avant Jésus-Christ"),
    ("les années 90", "les années quatre-vingt-dix"),
]
TIMES = [
    ("8 h 30", "huit heures trente"),
    ("15h30", "quinze heures trente"),
    ("15:30", "quinze heures trente"),
    ("8h", "huit heures"),
    ("1h", "une heure"),
    ("21 h", "vingt et une heures"),
    ("8h05", "huit heures cinq"),
    ("0h15", "minuit quinze"),
    ("00:00", "minuit"),
    ("12:00", "midi"),
    ("9h30-17h", "neuf heures trente à dix-sept heures"),
    ("8:30:15", "huit heures trente et quinze secondes"),
    ("24h/24", "vingt-quatre heures sur vingt-quatre"),
]
PHONES = [
    ("06 12 34 56 78", "zéro six, un deux, trois quatre, cinq six, sept huit"),
    ("+33 6 12 34 56 78", "plus trois trois, six, un deux, trois quatre, cinq six, sept huit"),
    ("06.12.34.56.78", "zéro six, un deux, trois quatre, cinq six, sept huit"),
    ("0800 123 456", "zéro huit zéro zéro, un deux trois, quatre cinq six"),
]
UNITS = [
    ("1,5 km", "un virgule cinq kilomètre"),
    ("5 km", "cinq kilomètres"),
    ("10 °C", "dix degrés Celsius"),
    ("100 km/h", "cent kilomètres heure"),
    ("5 Go", "cinq gigaoctets"),
    ("1 t", "une tonne"),
    ("21 s", "vingt et une secondes"),
    ("20 m²", "vingt mètres carrés"),
    ("1 min", "une minute"),
]
MATHS = [
    ("1/2", "un demi"),
    ("2/3 et 3/4", "deux tiers et trois quarts"),
    ("1/2 heure", "une demi heure"),
    ("2½", "deux et un demi"),
    ("18/20", "dix-huit sur vingt"),
    ("2+2=4", "deux plus deux égale quatre"),
    ("3 \u00d7 4", "trois fois quatre"),
    ("5 > 3", "cinq est supérieur à trois"),
    ("10 - 3", "dix moins trois"),
]
ADDRESSES = [
    ("https://exemple.fr/docs", "exemple point fr barre oblique docs"),
    ("jean.dupont@exemple.fr", "jean point dupont arobase exemple point fr"),
    ("a_b-c.txt", "a tiret bas b tiret c point txt"),
    ("#BonjourMonde", "hashtag Bonjour Monde"),
    ("@jean", "arobase jean"),
    ("192.168.1.1", "un neuf deux point un six huit point un point un"),
    ("v1.2.3", "version un point deux point trois"),
]
ABBREVIATIONS = [
    ("M. Dupont et Mme Martin", "Monsieur Dupont et Madame Martin"),
    ("MM. Dupond, Mlle Petit", "Messieurs Dupond, Mademoiselle Petit"),
    ("le Dr Durand", "le Docteur Durand"),
    ("n° 5, N°6, no 7", "numéro cinq, numéro six, numéro sept"),
    ("p. ex. ceci", "par exemple ceci"),
    ("c.-à-d. cela", "c'est-à-dire cela"),
    ("du thé, etc.", "du thé, etcétéra."),
    ("p. 12, art. 4", "page douze, article quatre"),
    ("St Nazaire, Ste Marie", "Saint Nazaire, Sainte Marie"),
    ("RDV bd Voltaire", "rendez-vous boulevard Voltaire"),
    ("R&D, C#", "R et D, C dièse"),
    ("tél. 01 23 45 67 89", "téléphone zéro un, deux trois, quatre cinq, six sept, huit neuf"),
    ("la SNCF et la NASA", "la SNCF et la NASA"),
]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        *NUMBERS,
        *ORDINALS,
        *MONEY,
        *PERCENT,
        *DATES,
        *TIMES,
        *PHONES,
        *UNITS,
        *MATHS,
        *ADDRESSES,
        *ABBREVIATIONS,
    ],
)
def test_french(written: str, said: str) -> None:
    assert script_of(written, "fr-fr").text == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr-be", "septante et un, quatre-vingt-un, nonante et un"),
        ("fr-ch", "septante et un, huitante et un, nonante et un"),
    ],
)
def test_belgians_and_swiss_count_otherwise(language: str, said: str) -> None:
    assert script_of("71, 81, 91", language).text == said
