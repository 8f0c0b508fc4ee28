"""What the server and its decoder processes say to each other: one file in, its sound out."""

import json
import struct
from dataclasses import asdict, dataclass

REQUEST = struct.Struct("<Qd")  # bytes of the file that follow, most seconds of sound wanted
ANSWER = struct.Struct("<cI")  # kind, bytes that follow
READY = b"r"  # once, at the start: everything is imported and limited
BEGUN = b"b"  # the file is here: what goes wrong from now on is its doing
PIECE = b"p"  # mono int16 sound at RATE_HZ
DONE = b"d"  # a Decoded: that was all of the sound
REFUSED = b"x"  # a Refused: there will be no more of it
MAX_ANSWER_BYTES = 1 << 20  # thirty times a piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """How a file was read."""

    decoder: str
    container: str
    codec: str
    rate_hz: int
    channels: int

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> "Decoded":
        return cls(**json.loads(body))


class Refused(Exception):
    """A file that is not read, and why. `too_long` of one that holds too much sound."""

    def __init__(self, message: str, *, too_long: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.too_long = too_long

    def to_bytes(self) -> bytes:
        return json.dumps({"message": self.message, "too_long": self.too_long}).encode()

    @classmethod
    def from_bytes(cls, body: bytes) -> "Refused":
        said = json.loads(body)
        return cls(said["message"], too_long=said["too_long"])
