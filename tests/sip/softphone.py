"""A telephone for tests: baresip, told what to do and asked what happened over its control port."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

from tests.processes import free_ports
from tests.speech import RATE_HZ as SPEECH_RATE_HZ
from tests.speech import speak

RATE_HZ = 8_000  # of G.711
QUIET_S = 120.0  # after what is said: the file of sound must not end within a test
START_WITHIN_S = 10.0
LEAVE_WITHIN_S = 3.0
EVENT_WITHIN_S = 30.0
LOUD_RMS = 300.0  # of samples: speech is ten times louder, an idle line is zero

Pcm = NDArray[np.int16]
Event = dict[str, Any]

CONFIG = """
poll_method epoll
sip_listen 127.0.0.1:{sip}
audio_source aufile,quiet.wav
audio_player aufile,/dev/null
audio_alert aufile,/dev/null
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp}
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module sndfile.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path .
"""


class Softphone:
    """One telephone with one line. Its events are kept, and waited for in their order."""

    def __init__(
        self, folder: Path, number: str, exchange_port: int, sip_port: int | None = None
    ) -> None:
        self._folder = folder
        self._exchange_port = exchange_port
        free, _, self._control_port = free_ports(3)  # baresip takes the one after for TLS
        self.sip_port = sip_port or free
        self.number = number
        self._buffer = b""
        self._seen: list[Event] = []
        self._said = 0
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def on(self, password: str = "") -> Iterator[None]:
        """Switched on, until the block ends."""
        self._write_settings(password)
        with (self._folder / "baresip.log").open("wb") as log:
            process = subprocess.Popen(
                ["baresip", "-f", "."],  # longer paths than some would end it
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        try:
            with self._connected(process) as self._control:
                yield
                self.hang_up()
                self._tell("quit")
                with suppress(subprocess.TimeoutExpired):  # it waits for its calls to end
                    process.wait(LEAVE_WITHIN_S)
        finally:
            process.kill()
            process.wait()

    def dial(self, number: str) -> None:
        self._tell("dial", f"sip:{number}@127.0.0.1:{self._exchange_port}")

    def answer(self) -> None:
        self._tell("accept")

    def hang_up(self) -> None:
        self._tell("hangup")

    def hold(self) -> None:
        self._tell("hold")

    def resume(self) -> None:
        self._tell("resume")

    def key(self, digits: str) -> None:
        """Pressed one after the other, as RFC 4733 events."""
        self._tell("sndcode", digits)

    def say(self, text: str, voice: str = "slt") -> None:
        """Spoken into the call that is on."""
        self._said += 1
        wide = speak(text, voice).astype(np.float32)
        narrow = soxr.resample(wide, SPEECH_RATE_HZ, RATE_HZ)
        path = self._sound(f"said-{self._said}", narrow.clip(-32_768, 32_767).astype(np.int16))
        self._tell("ausrc", f"aufile,{path.name}")

    def until(self, kind: str, within_s: float = EVENT_WITHIN_S) -> Event:
        """The next event of that kind that was not waited for yet."""
        deadline = time.monotonic() + within_s
        while True:
            for place, event in enumerate(self._seen):
                if event.get("type") == kind:
                    del self._seen[: place + 1]
                    return event
            left_s = deadline - time.monotonic()
            assert left_s > 0, f"no {kind} within {within_s:g} s, but {self._seen}"
            self._read(left_s)

    def heard(self) -> Pcm:
        """What has come from the other side in the latest call."""
        dumps = sorted(self._folder.glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime)
        if not dumps:
            return np.zeros(0, np.int16)
        # The header of a file that is being written does not know its length yet.
        return np.frombuffer(dumps[-1].read_bytes()[44:].ljust(2)[: 2**26 & ~1], np.int16)

    def until_heard(self, since: int = 0, within_s: float = EVENT_WITHIN_S) -> int:
        """Until there was speech after `since` samples and it is over; how much has come then."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            levels = loudness(self.heard()[since:])
            if (levels > LOUD_RMS).any() and len(levels) > 7 and (levels[-7:] < LOUD_RMS).all():
                return since + len(levels) * RATE_HZ // 10
            time.sleep(0.1)  # between two looks at a file that grows
        raise AssertionError(f"nothing was said within {within_s:g} s")

    def _write_settings(self, password: str) -> None:
        first = 33_000 + self.sip_port % 200 * 100
        settings = CONFIG.format(
            sip=self.sip_port,
            control=self._control_port,
            rtp=f"{first}-{first + 99}",
        )
        (self._folder / "config").write_text(settings)
        secret = f";auth_user={self.number.lstrip('+')};auth_pass={password}" if password else ""
        (self._folder / "accounts").write_text(
            f"<sip:{self.number}@127.0.0.1:{self.sip_port}>;regint=0;audio_codecs=PCMU{secret}\n"
        )
        self._sound("quiet", np.zeros(0, np.int16))

    def _sound(self, name: str, samples: Pcm) -> Path:
        path = self._folder / f"{name}.wav"
        quiet = np.zeros(int(QUIET_S * RATE_HZ), np.int16)
        sf.write(path, np.concatenate([samples, quiet]), RATE_HZ)
        return path

    @contextmanager
    def _connected(self, process: "subprocess.Popen[bytes]") -> Iterator[socket.socket]:
        deadline = time.monotonic() + START_WITHIN_S
        while True:
            try:
                control = socket.create_connection(("127.0.0.1", self._control_port))
                break
            except OSError:
                assert process.poll() is None, "baresip did not start"
                assert time.monotonic() < deadline, "baresip does not listen"
                time.sleep(0.05)  # between two polls of a deadline
        with control:
            yield control

    def _tell(self, command: str, params: str = "") -> None:
        body = json.dumps({"command": command, "params": params}).encode()
        self._control.sendall(b"%d:%s," % (len(body), body))  # a netstring

    def _read(self, within_s: float) -> None:
        self._control.settimeout(min(within_s, 1.0))
        try:
            self._buffer += self._control.recv(65_536)
        except TimeoutError:
            return
        while b":" in self._buffer:
            size, _, rest = self._buffer.partition(b":")
            if len(rest) <= int(size):
                return
            self._seen.append(json.loads(rest[: int(size)]))
            self._buffer = rest[int(size) + 1 :]


def loudness(samples: Pcm) -> NDArray[np.float64]:
    """RMS of each tenth of a second."""
    tenth = RATE_HZ // 10
    whole = samples[: len(samples) // tenth * tenth].reshape(-1, tenth).astype(np.float64)
    return np.asarray(np.sqrt((whole**2).mean(axis=1)))
