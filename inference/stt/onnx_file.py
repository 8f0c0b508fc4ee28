"""What an ONNX file says of itself, read without loading it: its metadata, and that it is whole."""

from pathlib import Path
from typing import BinaryIO

from inference.stt.engine import EngineFailed

# Fields of ONNX's ModelProto and StringStringEntryProto.
GRAPH, METADATA = 7, 14
KEY, VALUE = 1, 2
VARINT, FIXED_64, BYTES, FIXED_32 = 0, 1, 2, 5  # protobuf wire types
MAX_ENTRY_BYTES = 1_000_000


def read_metadata(path: Path) -> dict[str, str]:
    """What the model's maker noted in it. Raises EngineFailed for a file cut short, or no model."""
    try:
        with path.open("rb") as file:
            found, has_graph = _metadata(file, path.stat().st_size)
    except (OSError, ValueError) as exc:
        raise EngineFailed(f"{path} cannot be read as an ONNX model: {exc}") from exc
    if not has_graph:
        raise EngineFailed(f"{path} is no ONNX model: there is no graph in it")
    return found


def _metadata(file: BinaryIO, size: int) -> tuple[dict[str, str], bool]:
    found, has_graph = {}, False
    while file.tell() < size:
        field, wire, length = _tag(file, size)
        if field == METADATA and wire == BYTES:
            if length > MAX_ENTRY_BYTES:
                raise ValueError(f"an entry of its metadata has {length} bytes")
            end, entry = file.tell() + length, {KEY: b"", VALUE: b""}
            while file.tell() < end:
                field, wire, length = _tag(file, end)
                entry[field] = file.read(length)
            found[entry[KEY].decode()] = entry[VALUE].decode()
        else:
            has_graph |= field == GRAPH and wire == BYTES
            file.seek(length, 1)
    return found, has_graph


def _tag(file: BinaryIO, end: int) -> tuple[int, int, int]:
    """The next field: its number, wire type, and how many bytes of it follow."""
    key = _varint(file)
    field, wire = key >> 3, key & 7
    if wire == VARINT:
        _varint(file)
        return field, wire, 0
    if wire == BYTES:
        length = _varint(file)
    elif wire in (FIXED_32, FIXED_64):
        length = 4 if wire == FIXED_32 else 8
    else:
        raise ValueError(f"wire type {wire}")
    if file.tell() + length > end:
        raise ValueError("it is cut short")
    return field, wire, length


def _varint(file: BinaryIO) -> int:
    value = shift = 0
    while True:
        byte = file.read(1)
        if not byte or shift > 63:
            raise ValueError("it is cut short" if not byte else "a number is too long")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
        shift += 7
