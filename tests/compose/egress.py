"""Counts what containers send beyond this machine, and gives them somewhere to send it."""

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from tests.compose.project import Project

# Addresses kept for documentation: nobody's. The far one is a network namespace made here.
NAMESPACE = "parley-outside"
HERE, OUTSIDE, BITS = "198.51.100.1", "198.51.100.2", 30
CHAIN = "PARLEY-EGRESS"
CANARY = "parley-canary-7c21"
WAIT_S = 1.0
COMMAND_WITHIN_S = 20.0
# Run in a container's network, by this machine's Python: some containers have none.
TRY = f"""
import socket
def attempt(do):
    try: do()
    except OSError: pass
def tcp():
    socket.create_connection(({OUTSIDE!r}, 443), {WAIT_S}).close()
def udp():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b{CANARY!r}, ({OUTSIDE!r}, 53))
def name():
    labels = b"".join(bytes([len(x)]) + x for x in (b{CANARY!r}, b"invalid"))
    query = bytes.fromhex("000101000001000000000000") + labels + bytes.fromhex("0000010001")
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asked.settimeout({WAIT_S})
    asked.sendto(query, ("127.0.0.11", 53))
    asked.recv(512)
for do in (tcp, udp, name): attempt(do)
"""
ALL_PROTOCOLS = 3  # ETH_P_ALL
DNS_PORT = 53
INSIDE = ("lo", "br-", "veth", "docker")


@dataclass
class Overheard:
    """What was seen: where packets with the canary left, and whom containers wrote to."""

    canaries: list[str] = field(default_factory=list)
    strangers: set[str] = field(default_factory=set)


@contextmanager
def outside() -> Iterator[None]:
    """A neighbour at OUTSIDE, reached as the internet is: through this machine, not a bridge."""
    _quietly("ip", "netns", "delete", NAMESPACE)
    _run("ip", "netns", "add", NAMESPACE)
    try:
        _run("ip", "link", "add", "outside0", "type", "veth", "peer", "outside1")
        _run("ip", "link", "set", "outside1", "netns", NAMESPACE)
        _run("ip", "address", "add", f"{HERE}/{BITS}", "dev", "outside0")
        _run("ip", "link", "set", "outside0", "up")
        inside = ("ip", "-n", NAMESPACE)
        _run(*inside, "address", "add", f"{OUTSIDE}/{BITS}", "dev", "outside1")
        _run(*inside, "link", "set", "outside1", "up")
        yield
    finally:
        _quietly("ip", "link", "delete", "outside0")
        _quietly("ip", "netns", "delete", NAMESPACE)


@contextmanager
def counting(stack: Project) -> Iterator["Counter"]:
    """Counts, until the block ends, what leaves through anything that is not a bridge."""
    _forget()
    _run("iptables", "-t", "mangle", "-N", CHAIN)
    _run("iptables", "-t", "mangle", "-I", "POSTROUTING", "-j", CHAIN)
    # This machine has an address in each subnet, and may write to itself by it.
    _run("iptables", "-t", "mangle", "-A", CHAIN, "-o", "lo", "-j", "RETURN")
    try:
        for subnet in subnets(stack):
            _run("iptables", "-t", "mangle", "-A", CHAIN, "-s", subnet, "!", "-o", "br-+")
        yield Counter()
    finally:
        _forget()


class Counter:
    def packets(self) -> int:
        """From any container of the project to beyond this machine, so far."""
        listed = _run("iptables", "-t", "mangle", "-nvxL", CHAIN).splitlines()[3:]
        return sum(int(line.split()[0]) for line in listed)


@contextmanager
def overhearing(stack: Project) -> Iterator[Overheard]:
    """Notes what leaves this machine with the canary in it, whoever sends it for whom; and who,
    beyond the project's networks, is written to on its bridges."""
    heard, done = Overheard(), threading.Event()
    ours = [ip_network(subnet) for subnet in subnets(stack)]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS)) as ear:
        ear.settimeout(0.2)

        def listen() -> None:
            while not done.is_set():
                try:
                    packet, (interface, *_) = ear.recvfrom(65535)
                except TimeoutError:
                    continue
                if CANARY.encode() in packet and not interface.startswith(INSIDE):
                    heard.canaries.append(interface)
                if interface.startswith("br-") and (to := _stranger(packet, ours)):
                    heard.strangers.add(to)

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield heard
            time.sleep(WAIT_S)  # for what is on its way: nothing tells that no packet comes
        finally:
            done.set()
            listener.join()


def _stranger(frame: bytes, ours: list[IPv4Network | IPv6Network]) -> str:
    """Whom a container writes to beyond the project's networks; empty for anybody else."""
    if frame[12:14] != b"\x08\x00":
        return ""
    source, target = ip_address(frame[26:30]), ip_address(frame[30:34])
    sent_by_us = any(source in network for network in ours)
    known = target.is_multicast or any(target in network for network in ours)
    if known or not sent_by_us:
        return ""
    return f"{target} from {source}{_asked(frame)}"


def _asked(frame: bytes) -> str:
    """The name that is to be looked up, if that is what the packet wants."""
    is_udp, datagram = frame[23] == socket.IPPROTO_UDP, frame[14 + 4 * (frame[14] & 15) :]
    if not is_udp or datagram[2:4] != DNS_PORT.to_bytes(2, "big"):
        return ""
    labels, at = [], 8 + 12  # after the headers of UDP and DNS
    while size := datagram[at]:
        labels.append(datagram[at + 1 : at + 1 + size].decode(errors="replace"))
        at += 1 + size
    return f" for the name {'.'.join(labels)}"


def try_to_leave(stack: Project, service: str) -> None:
    """From inside its container: a connection, a packet and a name to be looked up."""
    pid = str(stack.container(service).pid)
    _run("nsenter", "--net", "--target", pid, "python3", "-c", TRY)


def subnets(stack: Project) -> list[str]:
    """Of the project's networks."""
    label = f"label=com.docker.compose.project={stack.name}"
    names = stack.docker("network", "ls", "--quiet", "--filter", label).split()
    networks = json.loads(stack.docker("network", "inspect", *names))
    return [entry["Subnet"] for network in networks for entry in network["IPAM"]["Config"]]


def _forget() -> None:
    _quietly("iptables", "-t", "mangle", "-D", "POSTROUTING", "-j", CHAIN)
    _quietly("iptables", "-t", "mangle", "-F", CHAIN)
    _quietly("iptables", "-t", "mangle", "-X", CHAIN)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_WITHIN_S)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def _quietly(*command: str) -> None:
    subprocess.run(command, capture_output=True, timeout=COMMAND_WITHIN_S)
