"""Answers come in the language that was asked in."""

import re
from typing import Any

import pytest

from tests.inference.assist.talks import HOME, LISTS, OURS, WEATHER, Talk

ANSWERS: list[tuple[str, str]] = [
    ("what is twelve times seven", r"Twelve times seven is 84\."),
    ("combien font douze fois sept", r"Douze fois sept égale 84\."),
    ("combien font dix divisé par trois", r"Dix divisé par trois égale environ 3,33\."),
    ("combien font mille fois 25", r"1000 fois vingt-cinq égale 25.000\."),
    ("quelle heure est-il", r"Il est 14 heures 05\."),
    ("quelle heure est-il à Tokyo", r"À Tokyo, il est 23 heures 05\."),
    ("quel jour sommes-nous", r".*vendredi.*\."),
    ("quelle est la date", r".*vendredi 20 novembre.*\."),
    ("quel jour serons-nous demain", r"Demain, nous serons le samedi 21 novembre\."),
    ("c'est quand noël", r"Encore 35 jours avant noël\."),
    ("combien de kilomètres font cinq miles", r"5 miles font environ 8,05 kilomètres\."),
    ("convertis 1 kilomètre en mètres", r"1 kilomètre, c'est 1000 mètres\."),
    ("convertis 5 miles en kilogrammes", r"Je ne peux pas convertir des miles en kilogrammes\."),
    ("combien font un divisé par zéro", r"Je ne peux pas diviser par zéro\."),
    ("pile ou face", r".*([Pp]ile|[Ff]ace).*"),
    ("épelle été", r"Été s'écrit : E accent aigu, T, E accent aigu\."),
    ("compte à rebours de trois", r"Trois, deux, un, zéro !"),
    ("mets un minuteur de cinq minutes", r"Je n'ai pas de minuteur ici.*"),
    ("allume la lumière", r"Je ne peux rien commander.*"),
    ("quelle est la capitale de la France", r".*Je peux donner l'heure.*"),
    ("what is the capital of france", r".*I can tell the time.*"),
    ("qui es-tu", r"Je suis un petit assistant.*"),
    ("bonjour", r"Bonjour.*"),
    ("hello", r"H.*help.*|Hi there.*"),
]


@pytest.mark.parametrize(("asked", "answered"), ANSWERS, ids=[asked for asked, _ in ANSWERS])
def test_an_answer_is_in_the_language_of_the_question(asked: str, answered: str) -> None:
    said = Talk().hears(asked)
    assert re.fullmatch(answered, said), said


RESULTS: list[tuple[str, str, Any, str]] = [
    ("mets un minuteur de 90 secondes", "set_timer", {"label": None, "duration_s": 90},
     r".*1 minute et 30 secondes.*"),
    ("combien de temps reste-t-il", "list_timers",
     {"timers": [{"label": "thé", "duration_s": 300, "remaining_s": 61}]},
     r"Il reste 1 minute et 1 seconde sur votre minuteur thé\."),
    ("annule le minuteur", "cancel_timer", {"cancelled": 0}, r"Il n'y avait aucun minuteur.*"),
    ("lance deux dés", "roll_dice", {"rolls": [3, 4], "total": 7}, r"3 et 4, soit 7 en tout\."),
    ("note que mes clés sont ici", "remember", {"text": "mes clés sont ici"},
     r".*: vos clés sont ici\."),
    ("où sont mes clés", "recall", {"notes": []}, r"Je n'ai aucune note sur clés\."),
    ("au revoir", "end_call", {"ended": True}, r"(Au revoir|À bientôt).*"),
    ("mets un minuteur de 5 minutes", "set_timer", {"error": {"message": "trop"}},
     r"Désolé, je n'ai pas pu lancer le minuteur : trop\."),
    ("ajoute du lait à ma liste de courses", "add_to_list", {"success": True},
     r".*lait .*votre liste de courses\."),
    ("add milk to my shopping list", "add_to_list", {"success": True}, r".*milk .*shopping list\."),
    ("lis ma liste de courses", "read_list", {"items": ["lait", "pain"]},
     r"Sur votre liste de courses : lait et pain\."),
    ("what's on my shopping list", "read_list", ["milk", {"name": "bread"}],
     r"On your shopping list: milk and bread\."),
    ("what's on my shopping list", "read_list", {"items": []}, r"Your shopping list is empty\."),
    ("allume la lumière", "HassTurnOn", {"success": True}, r".*c'est allumé\."),
    ("turn on the lights", "HassTurnOn",
     {"speech": {"plain": {"speech": "Turned on the lights"}}}, r"Turned on the lights\."),
    ("turn on the lights", "HassTurnOn", {"error": "no such light"}, r"Sorry, .*no such light\."),
    ("quel temps fait-il à Paris", "get_weather", "Il fait beau", r"Il fait beau\."),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "tool", "result", "told"), RESULTS, ids=[r[0] for r in RESULTS])
def test_a_result_is_told_in_the_language_of_the_question(
    asked: str, tool: str, result: Any, told: str
) -> None:
    said = Talk(*OURS, *LISTS, WEATHER, *HOME, results={tool: result}).hears(asked)
    assert re.fullmatch(told, said), said


@pytest.mark.parametrize(
    ("before", "said", "answered"),
    [
        ("quelle heure est-il", "stop", r"D'accord\.|Très bien\."),
        ("what time is it", "stop", r"Okay\.|All right\."),
        ("quelle heure est-il", "12 x 7", r"Douze fois sept égale 84\."),
        ("quelle heure est-il", "blorp", r".*Je peux .*"),
        ("quelle heure est-il", "what time is it", r"It.*2:05.*"),
    ],
)
def test_words_of_both_languages_are_those_of_the_turn_before(
    before: str, said: str, answered: str
) -> None:
    talk = Talk()
    talk.hears(before)
    reply = talk.hears(said)
    assert re.fullmatch(answered, reply), reply


@pytest.mark.parametrize(
    ("prompt", "answered"),
    [
        ("Always answer in French.", r"Douze.*"),
        ("Tu es Nora, une assistante. Réponds en français, en une ou deux phrases.", r"Douze.*"),
        ("You know French cooking. Answer in English.", r"Twelve.*"),
        ("You are Nora.", r"Twelve.*"),
    ],
)
def test_instructions_decide_where_the_words_do_not(prompt: str, answered: str) -> None:
    assert re.match(answered, Talk(prompt=prompt).hears("12 x 7"))


def test_standing_in_is_said_in_the_listeners_language_and_once() -> None:
    talk = Talk(standing_in=True)
    assert talk.hears("quelle heure est-il").startswith("Mon modèle principal est absent")
    assert "model" not in talk.hears("what time is it")
