"""libespeak-ng through ctypes: the few calls Parley needs, typed. One thread at a time."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

# Values of speak_lib.h.
_AUDIO_OUTPUT_SYNCHRONOUS = 2  # samples come by callback, in the calling thread
_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1  # alone: neither SSML (0x10) nor [[phonemes]] (0x100) are looked for in the text
_PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "range": 4}
_OK = 0
_CALLBACK_EVERY_MS = 40  # of sound: how often a synthesis may be stopped

_LIST_END, _WORD = 0, 1  # kinds of events

_WITHOUT_DICTIONARY = {"fo", "kaa", "xex"}  # listed, but the wheel lacks their data

Take = Callable[[NDArray[np.int16]], bool]  # False: stop
OnWord = Callable[[int, float], None]  # where in the text it starts, when in the sound


class _EventId(ctypes.Union):
    _fields_ = [
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    ]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # in characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # ms
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class LibraryFailed(Exception):
    """libespeak-ng refused a call."""


@dataclass(frozen=True, slots=True)
class Language:
    """A language file: its tag (en-us), its display name and the name that loads it."""

    tag: str
    name: str
    file: str


class _VoiceRecord(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),  # a priority byte, then the tag
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("unused", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


class Library:
    """The library, initialised. It is one per process: its state is global."""

    def __init__(self) -> None:
        self._lib = ctypes.CDLL(espeakng_loader.get_library_path())
        self._lib.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceRecord))
        self._lib.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        data = espeakng_loader.get_data_path().encode()
        self.rate_hz: int = self._lib.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, _CALLBACK_EVERY_MS, data, _DONT_EXIT
        )
        if self.rate_hz <= 0:
            raise LibraryFailed(f"espeak_Initialize gave {self.rate_hz}")
        self._take: Take | None = None
        self._on_word: OnWord | None = None
        self._failed: Exception | None = None
        self._callback = _Callback(self._on_samples)  # kept: C holds no reference
        self._lib.espeak_SetSynthCallback(self._callback)

    def close(self) -> None:
        self._lib.espeak_Terminate()

    def languages(self) -> list[Language]:
        """Every language with data of its own, sorted by name."""
        found: dict[str, Language] = {}
        records = self._lib.espeak_ListVoices(None)
        index = 0
        while records[index]:
            record = records[index].contents
            index += 1
            path = record.identifier.decode()
            if path.startswith("mb/"):  # MBROLA: its voices are not part of espeak-ng
                continue
            tag = record.languages[1:].decode().lower()
            if tag in _WITHOUT_DICTIONARY:
                continue
            found.setdefault(tag, Language(tag, record.name.decode().strip(), path))
        return sorted(found.values(), key=lambda language: language.name)

    def set_voice(self, name: str) -> None:
        """`name`: a language file, optionally `+` a variant."""
        if self._lib.espeak_SetVoiceByName(name.encode()) != _OK:
            raise LibraryFailed(f"no voice {name}")

    def set(self, parameter: str, value: int) -> None:
        if self._lib.espeak_SetParameter(_PARAMETERS[parameter], value, 0) != _OK:
            raise LibraryFailed(f"{parameter} cannot be {value}")

    def synthesize(self, text: str, take: Take, on_word: OnWord) -> None:
        """Speak `text`, giving samples at `rate_hz` to `take` until done or it says False.

        `on_word` is told the character and the second at which each word starts.
        """
        data = text.encode("utf-8", "ignore")
        self._take, self._on_word, self._failed = take, on_word, None
        status = self._lib.espeak_Synth(data, len(data) + 1, 0, 0, 0, _CHARS_UTF8, None, None)
        self._take = self._on_word = None
        if self._failed is not None:
            raise self._failed
        if status != _OK:
            raise LibraryFailed(f"espeak_Synth gave {status}")

    def _on_samples(
        self,
        samples: "ctypes._Pointer[ctypes.c_short]",
        count: int,
        events: "ctypes._Pointer[_Event]",
    ) -> int:
        """Called from C: must not raise, must copy. Non-zero stops."""
        if self._take is None:
            return 0
        try:
            self._tell_words(events)
            if not samples or count <= 0:
                return 0
            return int(not self._take(np.ctypeslib.as_array(samples, (count,)).copy()))
        except Exception as exc:
            self._failed = exc
            return 1

    def _tell_words(self, events: "ctypes._Pointer[_Event]") -> None:
        index = 0
        while events and events[index].type != _LIST_END:
            event = events[index]
            if event.type == _WORD and self._on_word is not None:
                self._on_word(event.text_position - 1, event.audio_position / 1000)
            index += 1
