"""Every intent in both languages: what is said, and what it asks for."""

from collections.abc import Sequence

import pytest

from inference.assist.language import codes, language
from inference.assist.recognise import recognise
from inference.assist.requests import (
    AddToList,
    Calculate,
    CancelReminder,
    CancelTimer,
    ClearList,
    Control,
    ConvertUnits,
    Countdown,
    DaysUntil,
    FlipCoin,
    Forget,
    GetDate,
    GetTime,
    Goodbye,
    ListReminders,
    ListTimers,
    Moment,
    PickNumber,
    ReadList,
    Recall,
    Remember,
    Remind,
    RemoveFromList,
    Request,
    RollDice,
    SetAlarm,
    SetTimer,
    Spell,
    Talk,
    Weather,
)
from inference.assist.templates import templates

FEWEST_SENTENCES, FEWEST_INTENTS = 150, 20
AT_FIVE = Moment(hour=5, exact=False)
# What is asked for; how English says it; how French does.
INTENTS: list[tuple[Request, Sequence[str], Sequence[str]]] = [
    (GetTime(), ("what time is it", "do you have the time", "tell me the time please"),
     ("quelle heure est-il", "il est quelle heure ?", "donne-moi l'heure s'il te plaît")),
    (GetTime(timezone="Asia/Tokyo"),
     ("what time is it in tokyo", "tell me the time in japan", "what's the current time in tokyo"),
     ("quelle heure est-il à Tokyo", "il est quelle heure au Japon", "dis-moi l'heure à Tokyo")),
    (GetDate(aspect="date"), ("what's the date", "what date is it today", "what is today"),
     ("quelle est la date d'aujourd'hui", "on est le combien", "le combien sommes-nous ?")),
    (GetDate(aspect="weekday"), ("what day is it", "which day is today", "tell me the day"),
     ("quel jour sommes-nous", "on est quel jour", "c'est quel jour aujourd'hui")),
    (GetDate(aspect="date", days=1),
     ("what day is tomorrow", "what will be the date tomorrow", "what date is it tomorrow"),
     ("quel jour serons-nous demain", "quelle sera la date demain", "on sera le combien demain")),
    (DaysUntil(month=12, day=25, name=""),
     ("how many days until christmas", "how long to christmas", "when is christmas day"),
     ("c'est quand Noël", "combien de jours avant Noël", "combien de temps avant noël")),
    (Calculate(expression="12 * 7"), ("what is twelve times seven", "12 x 7", "twelve times seven"),
     ("combien font douze fois sept", "12 x 7", "ça fait combien douze fois sept")),
    (Calculate(expression="97 - 71"),
     ("ninety seven minus seventy one", "what's 97 - 71", "calculate 97 minus 71"),
     ("quatre-vingt-dix-sept moins soixante et onze", "97 - 71", "calcule 97 moins 71")),
    (Calculate(expression="15 / 100 * 80"),
     ("what is fifteen percent of eighty", "15% of 80", "fifteen percent of eighty dollars"),
     ("quinze pour cent de quatre-vingts", "15 % de 80", "combien font 15 % de 80 euros")),
    (ConvertUnits(value=5, from_unit="mile", to_unit="kilometer"),
     ("how many kilometers are in five miles", "convert 5 miles to km", "five miles in kilometers"),
     ("combien de kilomètres font cinq miles", "convertis 5 miles en km", "5 miles en kilomètres")),
    (SetTimer(duration_s=300), ("set a timer for five minutes", "five minute timer", "timer 5 min"),
     ("mets un minuteur de cinq minutes", "lance une minuterie pour 5 minutes",
      "minuteur de cinq minutes")),
    (SetTimer(duration_s=5400),
     ("timer for an hour and a half", "set a timer for ninety minutes", "start a 90 minute timer"),
     ("un minuteur d'une heure et demie", "mets un minuteur de quatre-vingt-dix minutes",
      "lance un minuteur de 1 h 30")),
    (SetTimer(duration_s=600, label="pasta"),
     ("set a pasta timer for ten minutes", "timer for ten minutes called pasta",
      "set a ten minute pasta timer"),
     ()),
    (SetTimer(duration_s=600, label="pâtes"), (),
     ("mets un minuteur pour les pâtes de dix minutes", "minuteur pâtes de dix minutes",
      "mets un minuteur de dix minutes pour les pâtes")),
    (SetTimer(duration_s=None), ("set a timer", "start timer", "i need a timer"),
     ("mets un minuteur", "lance une minuterie", "minuteur")),
    (ListTimers(), ("how long is left", "list my timers", "are there any timers running"),
     ("combien de temps reste-t-il", "liste mes minuteurs", "où en est le minuteur")),
    (CancelTimer(), ("cancel the timer", "stop my timer", "delete all timers"),
     ("annule le minuteur", "arrête la minuterie", "supprime tous les minuteurs")),
    (CancelTimer(duration_s=300),
     ("cancel the five minute timer", "stop the timer for five minutes", "stop my 5 minute timer"),
     ("annule le minuteur de cinq minutes", "arrête le minuteur de 5 minutes",
      "supprime la minuterie de cinq minutes")),
    (Remind(text="call mum", moment=AT_FIVE),
     ("remind me to call mum at five", "remind me at 5 o'clock to call mum",
      "set a reminder for five to call mum"), ()),
    (Remind(text="appeler maman", moment=AT_FIVE), (),
     ("rappelle-moi d'appeler maman à cinq heures", "rappelle-moi à 5h d'appeler maman",
      "crée un rappel à cinq heures pour appeler maman")),
    (Remind(text="laundry", duration_s=600),
     ("remind me about the laundry in ten minutes", "remind me in 10 minutes about the laundry",
      "remind me of the laundry after ten minutes"), ()),
    (Remind(text="linge", duration_s=600), (),
     ("rappelle-moi dans dix minutes de le linge", "crée un rappel dans dix minutes pour le linge",
      "fais-moi penser à le linge dans dix minutes")),
    (SetAlarm(moment=Moment(hour=6, minute=30, exact=False)),
     ("wake me up at half past six", "set an alarm for six thirty", "alarm at 6:30"),
     ("réveille-moi à six heures et demie", "mets un réveil à six heures trente",
      "règle mon réveil pour 6h30")),
    (FlipCoin(), ("flip a coin", "heads or tails", "toss a coin"),
     ("lance une pièce", "pile ou face", "joue à pile ou face")),
    (RollDice(count=2), ("roll two dice", "throw 2 dice", "roll a pair of dice"),
     ("lance deux dés", "jette 2 dés", "lance deux dés s'il vous plaît")),
    (PickNumber(low=1, high=6),
     ("pick a number between one and six", "random number from 1 to 6",
      "give me a random number between one and six"),
     ("choisis un nombre entre un et six", "un nombre au hasard entre 1 et 6",
      "donne-moi un nombre au hasard entre un et six")),
    (Remember(text="milk"), ("remember milk", "make a note of milk", "write down milk"), ()),
    (Remember(text="le lait"), (), ("note le lait", "retiens le lait", "notez le lait")),
    (Recall(query="keys"), ("where are my keys", "where did i put the keys",
                            "what do you know about my keys"), ()),
    (Recall(query="clés"), (), ("où sont mes clés", "où ai-je mis les clés",
                                "que sais-tu de mes clés")),
    (Forget(query="keys"), ("forget about my keys", "forget what i told you about the keys",
                            "delete the note about my keys"), ()),
    (Forget(query="clés"), (), ("oublie ce que je t'ai dit sur mes clés",
                                "efface la note sur les clés", "oublie la note de mes clés")),
    (ListReminders(), ("what are my reminders", "do i have any reminders", "list my reminders"),
     ("quels sont mes rappels", "ai-je des rappels", "lis mes rappels")),
    (CancelReminder(), ("cancel my reminder", "delete all my reminders", "clear the reminders"),
     ("annule mon rappel", "supprime tous les rappels", "efface mes rappels")),
    (CancelReminder(text="laundry"),
     ("cancel the reminder about the laundry", "delete my laundry reminder",
      "remove the reminder for laundry"), ()),
    (CancelReminder(text="linge"), (),
     ("annule le rappel pour le linge", "supprime mon rappel du linge",
      "efface le rappel sur le linge")),
    (AddToList(item="milk"),
     ("add milk to my shopping list", "put some milk on the list", "add milk to my list"), ()),
    (AddToList(item="lait"), (),
     ("ajoute du lait à ma liste de courses", "mets du lait sur la liste",
      "rajoute le lait aux courses")),
    (RemoveFromList(item="milk"),
     ("remove milk from my shopping list", "take the milk off the list",
      "cross off milk from the list"), ()),
    (RemoveFromList(item="lait"), (),
     ("enlève le lait de ma liste de courses", "raye le lait de la liste",
      "supprime le lait de la liste")),
    (ReadList(list="todo"),
     ("what's on my to do list", "read my to do list", "what do i have on my task list"),
     ("qu'est-ce qu'il y a sur ma liste de tâches", "lis-moi ma liste de tâches",
      "montre ma liste des tâches")),
    (ClearList(list="shopping"),
     ("clear the shopping list", "empty my shopping list", "remove everything from the list"),
     ("vide la liste de courses", "efface ma liste", "supprime tout de la liste")),
    (Weather(place="Paris", days=1),
     ("what's the weather like tomorrow in Paris", "weather tomorrow in Paris",
      "will it rain in Paris tomorrow"),
     ("quel temps fait-il demain à Paris", "la météo de demain à Paris",
      "est-ce qu'il va pleuvoir demain à Paris")),
    (Weather(), ("what's the weather", "is it raining", "do i need an umbrella"),
     ("quel temps fait-il", "donne-moi la météo", "est-ce qu'il pleut")),
    (Control(action="turn_on", area="kitchen", domain="light"),
     ("turn on the kitchen lights", "switch the kitchen light on",
      "turn on the lights in the kitchen"), ()),
    (Control(action="turn_on", area="cuisine", domain="light"), (),
     ("allume la lumière de la cuisine", "allumez les lampes de la cuisine",
      "allume l'éclairage dans la cuisine")),
    (Control(action="turn_off", domain="light"),
     ("turn off the lights", "switch the light off", "lights out"), ()),
    (Control(action="turn_off", domain="light"), (),
     ("éteins la lumière", "éteignez les lumières", "éteins toutes les lampes")),
    (Control(action="set_temperature", domain="climate", level=21),
     ("set the thermostat to 21 degrees", "turn the heating up to twenty one",
      "set the temperature to twenty one degrees"),
     ("règle le chauffage à 21 degrés", "mets le thermostat sur vingt et un",
      "monte la température à vingt et un degrés")),
    (Control(action="set_volume", level=30),
     ("set the volume to thirty", "volume 30", "turn the volume down to 30 percent"),
     ("mets le volume à trente", "volume à 30", "baisse le son à trente pour cent")),
    (Control(action="pause"), ("pause", "stop the music", "pause the song"),
     ("mets en pause", "arrête la musique", "coupe la musique")),
    (Spell(word="tea"), ("how do you spell tea", "spell tea", "how is tea spelled"), ()),
    (Spell(word="thé"), (), ("comment s'écrit thé", "épelle thé", "épelle-moi le mot thé")),
    (Countdown(start=10), ("count down from ten", "count backwards from 10", "countdown from ten"),
     ("compte à rebours de dix", "compte à l'envers à partir de 10", "décompte de dix")),
    (Goodbye(), ("goodbye", "bye bye", "okay hang up"),
     ("au revoir", "à bientôt", "merci au revoir")),
]  # fmt: skip
TOPICS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "Repeat": (("repeat that", "say it again", "what did you say"),
               ("répète", "qu'est-ce que tu as dit", "encore une fois")),
    "Help": (("help", "what can you do", "what can i ask you"),
             ("aide-moi", "que sais-tu faire", "qu'est-ce que tu peux faire")),
    "Greet": (("hello", "good morning", "can you hear me"), ("bonjour", "salut", "tu m'entends")),
    "Thank": (("thanks", "thank you very much", "great thanks"),
              ("merci", "merci beaucoup", "parfait merci")),
    "HowAreYou": (("how are you", "how is it going", "hello how are you"),
                  ("comment ça va", "comment vas-tu", "bonjour comment ça va")),
    "WhoAreYou": (("who are you", "what's your name", "are you a robot"),
                  ("qui es-tu", "comment tu t'appelles", "es-tu un robot")),
    "Stop": (("never mind", "stop", "forget it"), ("laisse tomber", "stop", "tant pis")),
    "Acknowledge": (("yes", "no thanks", "that is all"), ("oui", "non merci", "c'est tout")),
    "Joke": (("tell me a joke", "make me laugh", "do you know a joke"),
             ("raconte-moi une blague", "fais-moi rire", "tu connais une blague")),
    "Fact": (("tell me a fun fact", "surprise me", "tell me something interesting"),
             ("raconte-moi une anecdote", "surprends-moi", "dis-moi quelque chose d'intéressant")),
    "Compliment": (("you are great", "you are funny", "i like you"),
                   ("tu es génial", "tu es drôle", "je t'aime bien")),
    "Sorry": (("sorry", "i am sorry", "excuse me"), ("désolé", "je suis désolée", "excuse-moi")),
}  # fmt: skip
SAID = [
    (code, text, meant)
    for meant, *wordings in [
        *INTENTS, *((Talk(topic=topic), *said) for topic, said in TOPICS.items())  # type: ignore[arg-type]
    ]
    for code, texts in zip(("en", "fr"), wordings, strict=True)
    for text in texts
]  # fmt: skip
HOW_IT_WAS_SAID = {"name", "place", "said"}


def facts(request: Request) -> dict[str, object]:
    """What a request asks for; a place or a device may be named in many ways."""
    names = set(type(request).__dataclass_fields__)
    if not isinstance(request, Weather):
        names -= HOW_IT_WAS_SAID
    return {name: getattr(request, name) for name in names}


@pytest.mark.parametrize(("code", "text", "meant"), SAID, ids=[f"{c}: {t}" for c, t, _ in SAID])
def test_what_is_said_is_what_is_asked_for(code: str, text: str, meant: Request) -> None:
    (found,) = recognise(text, code)
    assert type(found) is type(meant)
    assert facts(found) == facts(meant)


@pytest.mark.parametrize("code", codes())
def test_there_are_many_sentences_for_many_intents(code: str) -> None:
    intents = templates(code).intents.values()
    sentences = [line for intent in intents for data in intent.data for line in data.sentences]
    assert len(sentences) >= FEWEST_SENTENCES
    assert len(list(intents)) >= FEWEST_INTENTS


def test_every_language_has_the_same_intents() -> None:
    intents = {code: set(templates(code).intents) for code in codes()}
    assert all(found == intents["en"] for found in intents.values())


def test_every_language_has_the_same_phrases_with_the_same_fields() -> None:
    english = language("en").phrases
    for code in codes():
        phrases = language(code).phrases
        optional = {"rolled_eight"}  # only English says "an eight"
        assert set(phrases) | optional == set(english)
        for key, wordings in phrases.items():
            fields = [{p.split("}")[0] for p in wording.split("{")[1:]} for wording in wordings]
            allowed = {p.split("}")[0] for w in english[key] for p in w.split("{")[1:]}
            assert all(found <= allowed for found in fields), key
