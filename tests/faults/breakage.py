"""Lets a signal from outside break a process from within; jobs, forked, inherit it."""

import signal
import threading
import time

BLOCK = signal.SIGUSR2
LEAK = signal.SIGRTMIN + 1
BLOCK_S = 30.0
LEAK_BYTES = 50_000_000
LEAKS = 20
_kept: list[bytearray] = []


def _block(*_: object) -> None:
    """The main thread, and with it the event loop, stands still; all other threads go on."""
    time.sleep(BLOCK_S)


def _leak(*_: object) -> None:
    def keep() -> None:
        for _ in range(LEAKS):
            _kept.append(bytearray(b"x" * LEAK_BYTES))
            time.sleep(0.1)

    threading.Thread(target=keep, daemon=True).start()


def install() -> None:
    """Listen for the two signals."""
    signal.signal(BLOCK, _block)
    signal.signal(LEAK, _leak)
