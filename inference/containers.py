"""What kind of sound file some bytes are, told by the bytes alone; WAV headers held to them."""

import struct
from dataclasses import dataclass

from inference.sound_wire import Refused

WAV_FORMAT = struct.Struct("<HHIIHH")  # tag, channels, rate, bytes a second, a frame, bits
WAV_BITS = {1: (8, 16, 24, 32), 3: (32, 64), 0xFFFE: (8, 16, 24, 32, 64)}  # by tag
RF64_SIZES = struct.Struct("<QQ")  # of the file, of its data chunk
UNKNOWN = 0xFFFFFFFF
IN_DS64 = 0xFFFFFFFF  # a size that says: see the ds64 chunk
MAX_WAV_CHUNKS = 1_000
ID3_HEADER_BYTES = 10
UNREADABLE = (
    "the file is not a sound this server can read: WAV, FLAC, OGG, MP3, M4A, AAC, WebM or Matroska"
)


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file, and its names in the two libraries that read it; "" where one does not."""

    name: str
    sndfile: tuple[str, ...] = ()
    libav: str = ""


WAV = Container("wav", sndfile=("WAV", "WAVEX", "RF64"))
FLAC = Container("flac", sndfile=("FLAC",), libav="flac")
OGG = Container("ogg", sndfile=("OGG",), libav="ogg")
MP3 = Container("mp3", sndfile=("MP3",), libav="mp3")
ADTS = Container("aac", libav="aac")
MP4 = Container("mp4", libav="mp4")
MATROSKA = Container("matroska", libav="matroska")


def container_of(data: bytes) -> Container:
    """The one kind `data` will be read as. Raises Refused for any other, and for a lying WAV."""
    if not data:
        raise Refused("the file is empty")
    if data[:4] in (b"RIFF", b"RF64") and data[8:12] == b"WAVE":
        _check_wav(data)
        return WAV
    if data[:4] == b"OggS":
        return OGG
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return MATROSKA
    if data[4:8] == b"ftyp":
        return MP4
    return _bare_stream(data)


def _bare_stream(data: bytes) -> Container:
    """The kinds that may follow an ID3 tag."""
    start = _after_id3(data)
    if data[start : start + 4] == b"fLaC":
        return FLAC
    first, second = (*data[start : start + 2], 0, 0)[:2]
    if first == 0xFF and second & 0xF6 == 0xF0:  # twelve set bits, layer 0
        return ADTS
    if start or (first == 0xFF and second & 0xE0 == 0xE0):  # a tag may be padded
        return MP3
    raise Refused(UNREADABLE)


def _after_id3(data: bytes) -> int:
    """Where the sound begins behind an ID3v2 tag; 0 without one."""
    if data[:3] != b"ID3" or len(data) < ID3_HEADER_BYTES:
        return 0
    size = 0
    for byte in data[6:ID3_HEADER_BYTES]:
        size = size << 7 | byte & 0x7F
    return ID3_HEADER_BYTES + size


def _check_wav(data: bytes) -> None:
    """Hold the chunks to what is really there: libsndfile reads on past sizes that lie."""
    at, long_data_bytes, described = 12, 0, False
    # Written into a pipe, by ffmpeg or our own speech server: both sizes were not known yet.
    is_endless = data[:8] == b"RIFF" + struct.pack("<I", UNKNOWN)
    for _ in range(MAX_WAV_CHUNKS):
        if at + 8 > len(data):
            raise Refused("the WAV file has no data chunk")
        name, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if name == b"data":
            if not described:
                raise Refused("the WAV file has no fmt chunk before its sound")
            is_long = data[:4] == b"RF64" and size == IN_DS64
            there = len(data) - at
            if is_endless and size == UNKNOWN:
                size = there
            _check_data(long_data_bytes if is_long else size, there)
            return
        if name == b"fmt ":
            _check_format(data[at : at + size])
            described = True
        elif name == b"ds64" and at + RF64_SIZES.size <= len(data):
            long_data_bytes = RF64_SIZES.unpack_from(data, at)[1]
        at += size + size % 2
    raise Refused(f"the WAV file has more than {MAX_WAV_CHUNKS} chunks")


def _check_format(chunk: bytes) -> None:
    if len(chunk) < WAV_FORMAT.size:
        raise Refused("the fmt chunk of the WAV file is too short")
    tag, channels, rate_hz, _, _, bits = WAV_FORMAT.unpack_from(chunk)
    if bits not in WAV_BITS.get(tag, (bits,)):
        raise Refused(f"the WAV header says {bits} bits a sample: 8 to 64 are read")
    if not channels or not rate_hz:
        raise Refused(f"the WAV header says {channels} channels at {rate_hz} Hz")


def _check_data(said_bytes: int, there_bytes: int) -> None:
    if said_bytes == 0:
        raise Refused("the WAV header says that there is no sound")
    if said_bytes > there_bytes:
        raise Refused(f"the WAV header says {said_bytes} bytes of sound, there are {there_bytes}")
