"""What sipp plays: calls as telephones make them, and as they should not."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RUN_WITHIN_S = 240.0
ULAW_SILENCE = 0xFF
SDP = """v=0
o=user1 53655765 2353687637 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio {port} RTP/AVP {codecs}
{rtpmap}
a=sendrecv"""
PCMU = "a=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15"
GOOD_SDP = SDP.format(port="[rtpstream_audio_port]", codecs="0 101", rtpmap=PCMU)
NO_CODEC_SDP = SDP.format(port="6000", codecs="98", rtpmap="a=rtpmap:98 NOSUCH/8000")
BROKEN_SDP = "v=9\nm=audio audio audio\nc=IN IP4\n\x01\x02"
HERE = "[local_ip]:[local_port]"
NO_RTP_SDP = SDP.format(port="9", codecs="0", rtpmap="a=rtpmap:0 PCMU/8000")


@dataclass(frozen=True, slots=True)
class Played:
    """How sipp ended: 0, when every call went as the scenario says. `log`: what it wrote."""

    code: int
    log: str


class Sipp:
    """Plays scenarios against the exchange at `port`."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        folder.mkdir(parents=True, exist_ok=True)
        self._plays = 0

    def play(self, scenario: str, number: str, *arguments: str) -> Played:
        """To its end."""
        process = self.start(scenario, number, *arguments)
        try:
            out, _ = process.communicate(timeout=RUN_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
        return Played(process.returncode, out)

    def start(self, scenario: str, number: str, *arguments: str) -> "subprocess.Popen[str]":
        """In the background; the caller ends it."""
        self._plays += 1
        path = self._folder / f"play-{self._plays}.xml"
        path.write_text(scenario)
        (self._folder / "quiet.ulaw").write_bytes(np.full(8_000, ULAW_SILENCE, np.uint8).tobytes())
        here = ["-i", "127.0.0.1", "-mi", "127.0.0.1"]
        quiet = ["-nostdin", "-timeout_error", "-timeout", f"{RUN_WITHIN_S:g}s"]
        return subprocess.Popen(
            [
                *("sipp", f"127.0.0.1:{self._port}", "-sf", str(path), "-s", number),
                *(*here, *quiet, *(arguments or ("-m", "1"))),
            ],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def a_call(hold_s: float, *, sound: bool = True) -> str:
    """Answered, held with silence on the line, hung up by the caller."""
    media = '<action><exec rtp_stream="quiet.ulaw,-1,0,PCMU/8000"/></action>' if sound else ""
    return _scenario(
        _invite(GOOD_SDP if sound else NO_RTP_SDP),
        _maybe(100, 180),
        '<recv response="200" rrs="true"/>',
        _request("ACK"),
        f"<nop>{media}</nop>" if media else "",
        f'<pause milliseconds="{hold_s * 1000:.0f}"/>',
        _request("BYE", 2),
        '<recv response="200"/>',
    )


def until_hung_up(*, sound: bool = True, acknowledge: bool = True) -> str:
    """Answered, and then the exchange has to hang up."""
    media = '<nop><action><exec rtp_stream="quiet.ulaw,-1,0,PCMU/8000"/></action></nop>'
    return _scenario(
        _invite(GOOD_SDP if sound else NO_RTP_SDP),
        _maybe(100, 180),
        '<recv response="200" rrs="true"/>',
        _request("ACK") if acknowledge else "",
        media if sound else "",
        '<recv request="BYE" timeout="50000"/>',
        _answer("200 OK"),
    )


def bye_without_ack() -> str:
    return _scenario(
        _invite(GOOD_SDP),
        _maybe(100, 180),
        '<recv response="200" rrs="true"/>',
        _request("BYE", 2),
        '<recv response="200"/>',
    )


def cancelled(after_ms: int) -> str:
    """Hung up while it rings. The exchange may have picked up in the same moment."""
    return _scenario(
        _invite(GOOD_SDP),
        '<recv response="100" optional="true"/>',
        '<recv response="180"/>',
        f'<pause milliseconds="{after_ms}"/>',
        _request("CANCEL"),
        '<recv response="180" optional="true"/>',
        '<recv response="200" optional="true"/>',
        '<recv response="487"/>',
        _request("ACK"),
    )


def refused(code: int, body: str = GOOD_SDP, *, host: str = HERE) -> str:
    """An INVITE that is answered with `code`, and nothing after. `host`: where the caller says to
    call from."""
    return _scenario(
        _invite(body, host=host),
        _maybe(100, 180),
        f'<recv response="{code}"/>',
        _request("ACK"),
    )


def unheard(wait_ms: int = 4_000) -> str:
    """An INVITE that nobody picks up: refused, or left without a word, as scanners are."""
    return _scenario(
        _invite(GOOD_SDP),
        _maybe(100, 180),
        f'<recv response="404" timeout="{wait_ms}" ontimeout="1"/>',
        _request("ACK"),
        '<label id="1"/>',
        '<pause milliseconds="10"/>',
    )


def with_password(user: str, password: str, expected: int) -> str:
    """Asked for a password, given this one."""
    login = f"[authentication username={user} password={password}]"
    return _scenario(
        _invite(GOOD_SDP),
        _maybe(100, 180),
        '<recv response="407" auth="true"/>',
        _request("ACK"),
        _invite(GOOD_SDP, login, cseq=2),
        _maybe(100, 180),
        f'<recv response="{expected}" rrs="true"/>',
        _request("ACK", 2),
        *([_request("BYE", 3), '<recv response="200"/>'] if expected == 200 else []),
    )


def _invite(body: str, login: str = "", cseq: int = 1, *, host: str = HERE) -> str:
    extra = f"\n{login}" if login else ""
    return f"""<send{' retrans="500"' if cseq else ""}><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:+15550199@{host}>;tag=[pid]SIPpTag00[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: {cseq} INVITE
Contact: <sip:+15550199@[local_ip]:[local_port]>
Max-Forwards: 70{extra}
Content-Type: application/sdp
Content-Length: [len]

{body}
]]></send>"""


def _request(method: str, cseq: int = 1) -> str:
    # To CANCEL, and to acknowledge a refusal, is to speak of the INVITE itself: its branch.
    branch = "[branch-1]" if method == "CANCEL" else "[branch]"
    to = "<sip:[service]@[remote_ip]:[remote_port]>" + (
        "" if method == "CANCEL" else "[peer_tag_param]"
    )
    return f"""<send><![CDATA[
{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch={branch}
From: <sip:+15550199@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
To: {to}
Call-ID: [call_id]
CSeq: {cseq} {method}
Contact: <sip:+15550199@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Length: 0

]]></send>"""


def _answer(status: str) -> str:
    return f"""<send><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
Content-Length: 0

]]></send>"""


def _maybe(*codes: int) -> str:
    return "\n".join(f'<recv response="{code}" optional="true"/>' for code in codes)


def _scenario(*steps: str) -> str:
    head = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">'
    return "\n".join([head, '<scenario name="a telephone">', *steps, "</scenario>"])
