"""What holds for every test."""

import gc
import signal

# Shells start background jobs deaf to some signals, and what tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_finish() -> None:
    """Garbage is not looked for in what all tests are made of: that took a fifth of their time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
