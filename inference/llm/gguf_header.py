"""Read the header of a GGUF file, which may be corrupt or hostile: no number of it is trusted.

The format is specified in llama.cpp's `ggml/include/gguf.h`. The package `gguf` reads it too, but
keeps every token of the vocabulary: 7 s where this takes 0.2 s.
"""

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

Value = int | float | bool | str
STRING, ARRAY = 8, 9
SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
VERSIONS = (2, 3)
MAX_KEYS, MAX_TENSORS = 65_536, 1_000_000
MAX_ITEMS = 8_000_000  # strings in all arrays together: ten of the largest vocabularies
MAX_KEPT_ITEMS = 1024  # of an array: one number a layer
MAX_NAME_BYTES, MAX_TEXT_BYTES = 65_535, 8_000_000  # one name; what is kept, together
MAX_DIMENSIONS = 4
READ_BYTES = 1 << 20


class Unreadable(Exception):
    """The file is no GGUF file, or not a whole one; the message says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """`values` are all keys but long arrays; `counts` tells how long each array is."""

    values: Mapping[str, Value]
    arrays: Mapping[str, tuple[Value, ...]]
    counts: Mapping[str, int]
    parameters: int
    tensors: int


def read_header(path: Path) -> Header:
    """Blocks. Raises Unreadable; also where the tensors do not fit into the file."""
    try:
        with path.open("rb", buffering=READ_BYTES) as file:
            return _Reader(file).header()
    except OSError as exc:
        raise Unreadable(f"cannot be read: {exc.strerror}") from exc


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size_bytes = os.fstat(file.fileno()).st_size
        self._items_left = MAX_ITEMS
        self._text_left = MAX_TEXT_BYTES
        self._values: dict[str, Value] = {}
        self._arrays: dict[str, tuple[Value, ...]] = {}
        self._counts: dict[str, int] = {}

    def header(self) -> Header:
        if self._file.read(4) != b"GGUF":
            raise Unreadable("is no GGUF file")
        if (version := self._number("I")) not in VERSIONS:
            raise Unreadable(f"has GGUF version {version}, known are {VERSIONS}")
        tensors, keys = self._count(MAX_TENSORS, "tensors"), self._count(MAX_KEYS, "keys")
        for _ in range(keys):
            self._pair()
        parameters = self._tensors(tensors)
        return Header(
            values=self._values,
            arrays=self._arrays,
            counts=self._counts,
            parameters=parameters,
            tensors=tensors,
        )

    def _pair(self) -> None:
        key, kind = self._text(MAX_NAME_BYTES), self._number("I")
        self._text_left -= len(key)
        if kind == STRING:
            self._values[key] = text = self._text(self._text_left)
            self._text_left -= len(text)
        elif kind in SCALARS:
            (self._values[key],) = self._scalars(kind, 1)
        elif kind == ARRAY:
            self._array(key)
        else:
            raise Unreadable(f"has a value of the unknown type {kind}")

    def _array(self, key: str) -> None:
        kind, count = self._number("I"), self._number("Q")
        self._counts[key] = count
        if kind == STRING:
            self._items_left -= count
            if self._items_left < 0:
                raise Unreadable(f"claims {count} strings for one key")
            for _ in range(count):
                self._skip(self._number("Q"))
        elif kind not in SCALARS:
            raise Unreadable(f"has an array of the type {kind}")
        elif count <= MAX_KEPT_ITEMS:
            self._arrays[key] = self._scalars(kind, count)
        else:
            self._skip(count * struct.calcsize(SCALARS[kind]))

    def _tensors(self, count: int) -> int:
        """How many numbers they are in all."""
        # Imported here: it takes 0.15 s, and without GGUF files nothing needs it.
        from gguf.constants import GGML_QUANT_SIZES

        blocks = {int(kind): sizes for kind, sizes in GGML_QUANT_SIZES.items()}
        parameters = end = 0
        for _ in range(count):
            self._text(MAX_NAME_BYTES)
            if not 0 <= (dimensions := self._number("I")) <= MAX_DIMENSIONS:
                raise Unreadable(f"has a tensor of {dimensions} dimensions")
            numbers = prod(self._number("Q") for _ in range(dimensions))
            block, block_bytes = blocks.get(self._number("I"), (1, 0))  # newer than the package
            end = max(end, self._number("Q") + numbers // block * block_bytes)
            parameters += numbers
        missing_bytes = self._file.tell() + end - self._size_bytes
        if missing_bytes > 0:
            raise Unreadable(f"is cut short: at least {missing_bytes} bytes are missing")
        return parameters

    def _count(self, most: int, what: str) -> int:
        if (count := self._number("Q")) > most:
            raise Unreadable(f"claims {count} {what}")
        return count

    def _number(self, form: str) -> int:
        (number,) = struct.unpack(f"<{form}", self._bytes(struct.calcsize(form)))
        return int(number)

    def _scalars(self, kind: int, count: int) -> tuple[Value, ...]:
        form = f"<{count}{SCALARS[kind]}"
        return struct.unpack(form, self._bytes(struct.calcsize(form)))

    def _text(self, most_bytes: int) -> str:
        if (length := self._number("Q")) > most_bytes:
            raise Unreadable(f"has a string of {length} bytes where {most_bytes} may be")
        return self._bytes(length).decode("utf-8", "replace")

    def _bytes(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise Unreadable("is cut short in its header")
        return data

    def _skip(self, count: int) -> None:
        if count > READ_BYTES:
            if self._file.tell() + count > self._size_bytes:
                raise Unreadable("is cut short in its header")
            self._file.seek(count, os.SEEK_CUR)
        else:
            self._bytes(count)
