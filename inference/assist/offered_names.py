"""Words by which tools that are not ours are known: of their names, and of their parameters."""

# A tool serves a kind when its name has all words of one row; a word with "=" is no word of the
# name but a fact that one of the tool's parameters must take.
KINDS: dict[str, tuple[frozenset[str], ...]] = {
    kind: tuple(frozenset(row.split()) for row in rows.split(","))
    for kind, rows in {
        "set_reminder": "reminder text=,remind text=,reminders text=",
        "set_alarm": "alarm time=,alarm when=,alarm seconds=",
        "add_to_list": "add item=,shopping create item=,todo create item=,task create item=",
        "remove_from_list": "remove item=,delete item=,complete item=",
        "read_list": "list read,list get,list show,items get,items list,shopping list,todo list,"
        "todo get,tasks get,tasks list",
        "clear_list": "list clear,items clear,shopping clear,list empty,list delete all",
        "get_weather": "weather,forecast",
        "turn_on": "turn on,switch on,light on,lights on,power on,control state=,light state=,"
        "lights state=,switch state=,device state=",
        "turn_off": "turn off,switch off,light off,lights off,power off,control state=,"
        "light state=,lights state=,switch state=,device state=",
        "set_brightness": "brightness level=,light set level=,lights set level=,dim level=,"
        "turn on level=",
        "set_temperature": "temperature set level=,thermostat level=,climate level=,heating level=",
        "set_volume": "volume level=",
        "volume_up": "volume up,volume increase,volume raise",
        "volume_down": "volume down,volume decrease,volume lower",
        "play": "play,music start,media resume",
        "pause": "pause,music stop,media stop,playback stop",
        "next_track": "next,skip",
        "previous_track": "previous",
    }.items()
}
# One of these in a name that the row does not ask for: the tool does something else.
CONFLICTING = frozenset(
    [
        "add",
        "create",
        "remove",
        "delete",
        "clear",
        "empty",
        "cancel",
        "complete",
        "off",
        "on",
        "up",
        "down",
        "next",
        "previous",
        "pause",
        "play",
        "stop",
        "update",
        "edit",
        "mute",
        "unmute",
        "toggle",
        "increase",
        "decrease",
        "skip",
    ]
)
HOME = {
    "name": "name device entity entityid target light switch appliance devicename",
    "area": "area room location zone",
    "state": "state action power on command value",
    "domain": "domain",
}
WHEN = {
    "when": "when at datetime duedate due start remindat duedatetime timestamp",
    "time": "time timeofday",
    "date": "date day",
    "seconds": "durations seconds delays ins delayseconds duration delay",
    "minutes": "minutes delayminutes inminutes durationminutes",
}
LISTS = {
    "item": "item product text task content summary title entry",
    "list": "list listname name listid listtype",
}
MEDIA = {"name": "query searchquery song track title music media artist playlist name",
         "level": "level volume volumelevel percent percentage value"}  # fmt: skip
# What a parameter's name, without underscores, stands for.
PARAMETERS: dict[str, dict[str, frozenset[str]]] = {
    kind: {fact: frozenset(names.split()) for fact, names in facts.items()}
    for kind, facts in {
        "set_reminder": {
            "text": "text title task message subject content reminder summary label name what",
            **WHEN,
        },
        "set_alarm": WHEN | {"when": f"{WHEN['when']} alarmtime"},
        "add_to_list": LISTS,
        "remove_from_list": LISTS,
        "read_list": {"list": LISTS["list"]},
        "clear_list": {"list": LISTS["list"]},
        "get_weather": {
            "place": "location city place where town region query q address",
            "days": "days dayoffset daysahead",
            "date": "date day when",
            "system": "units unitsystem",
            "degrees": "unit temperatureunit",
        },
        "turn_on": HOME,
        "turn_off": HOME,
        "set_brightness": HOME
        | {"level": "brightness level percent percentage value brightnesspct brightnesspercent"},
        "set_temperature": HOME
        | {"level": "temperature degrees target value level setpoint targettemperature",
           "name": "name device entity entityid thermostat"},
        "set_volume": MEDIA,
        "volume_up": {},
        "volume_down": {},
        "play": MEDIA,
        "pause": {},
        "next_track": {},
        "previous_track": {},
    }.items()
}  # fmt: skip
