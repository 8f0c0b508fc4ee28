"""A process that decodes sound files, one after the other, and can do nothing else.

Whoever sends a file has read access to a parser written in C. So it runs here: with little memory,
no file or socket it could open, nothing of the server's environment, and no life beyond the
server's. A file that breaks it breaks nothing else.
"""

import ctypes
import io
import math
import os
import resource
import signal
import sys
from typing import BinaryIO

import av.logging
import numpy as np
import soundfile

from inference.sound_decoding import mono_pieces, opened
from inference.sound_wire import ANSWER, BEGUN, DONE, PIECE, READY, REFUSED, REQUEST, Refused

MEMORY_BYTES = 96 << 20  # beyond what the idle process and the file itself need
CPU_S = 10.0  # for a file without a second of sound
CPU_PER_SOUND_S = 0.05  # ten times what the slowest codec needs
OPEN_FILES = 4  # standard input, output and error, and Python's own way to the server's log
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38


def main(server_pid: int) -> None:
    """Decode what comes in until the server closes its end."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    _warm_up()
    idle_bytes = _confine(server_pid)
    _answer(answers, READY)
    while header := requests.read(REQUEST.size):
        size, max_s = REQUEST.unpack(header)
        _limit_memory(idle_bytes + size + MEMORY_BYTES)
        _limit_cpu(CPU_S + CPU_PER_SOUND_S * max_s)
        data = requests.read(size)
        if len(data) < size:
            return
        _answer(answers, BEGUN)
        try:
            _decode(data, max_s, answers)
        except Refused as refused:
            _answer(answers, REFUSED, refused.to_bytes())
        del data


def _decode(data: bytes, max_s: float, answers: BinaryIO) -> None:
    with opened(data) as sound:
        for piece in mono_pieces(sound, max_s=max_s):
            _answer(answers, PIECE, piece.tobytes())
        _answer(answers, DONE, sound.decoded.to_bytes())


def _answer(answers: BinaryIO, kind: bytes, body: bytes = b"") -> None:
    answers.write(ANSWER.pack(kind, len(body)) + body)
    answers.flush()


def _warm_up() -> None:
    """Import and initialise all that a first file would: later, nothing can be opened."""
    av.logging.set_level(None)
    file = io.BytesIO()
    soundfile.write(file, np.zeros(160, np.int16), 16_000, format="WAV")
    with opened(file.getvalue()) as sound:
        list(mono_pieces(sound, max_s=1.0))


def _confine(server_pid: int) -> int:
    """Give up what decoding does not need; the address space in use, in bytes."""
    sys.stderr = os.fdopen(os.dup(2), "w")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)  # libraries comment on every odd file
    os.close(null)
    idle_bytes = 0
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(PR_SET_DUMPABLE, 0)  # a core dump would hold what people said
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        with open("/proc/self/statm") as sizes:
            idle_bytes = int(sizes.read().split()[0]) * resource.getpagesize()
    if os.getppid() != server_pid:
        sys.exit()  # it died before it could be watched
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    return idle_bytes


def _limit_memory(most_bytes: int) -> None:
    if sys.platform == "linux":  # elsewhere address space says nothing about memory
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most))


def _limit_cpu(more_s: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    limit_s = math.ceil(used.ru_utime + used.ru_stime + more_s)
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, most))


if __name__ == "__main__":
    main(int(sys.argv[1]))
