"""Find out, before anything starts, which ports are taken, by whom, and what would move them."""

import socket
from collections.abc import Iterable

import psutil

from parley.environment import Port


def taken(ports: Iterable[Port]) -> list[Port]:
    """Those of `ports` that cannot be listened on now."""
    return [port for port in ports if not _is_free(port)]


def explain(port: Port) -> str:
    """One line: the port, who has it, and the setting that moves it."""
    kind = "UDP port" if port.udp else "port"
    return (
        f"{kind} {port.number} ({port.service}) is in use by {holder(port)}: "
        f"stop it, or set {port.variable} to a free port in .env"
    )


def doubled(ports: Iterable[Port]) -> list[str]:
    """Complaints about two settings that name one port."""
    seen: dict[tuple[int, bool], Port] = {}
    complaints = []
    for port in ports:
        first = seen.setdefault((port.number, port.udp), port)
        if first is not port:
            complaints.append(
                f"{first.variable} and {port.variable} are both {port.number}: change one of them"
            )
    return complaints


def holder_pid(port: Port) -> int | None:
    """The process that has the port, when this user may know."""
    kind = "udp" if port.udp else "tcp"
    try:
        connections = psutil.net_connections(kind)
    except psutil.AccessDenied:
        return None
    for connection in connections:
        listens = port.udp or connection.status == psutil.CONN_LISTEN
        if listens and connection.laddr and connection.laddr.port == port.number:
            return connection.pid
    return None


def holder(port: Port) -> str:
    """The process that has the port, in words."""
    pid = holder_pid(port)
    if pid is None:
        return "another process"
    try:
        command = " ".join(psutil.Process(pid).cmdline()[:4])
    except psutil.Error:
        command = "unknown"
    return f"pid {pid} ({command[:80]})"


def _is_free(port: Port) -> bool:
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    kind = socket.SOCK_DGRAM if port.udp else socket.SOCK_STREAM
    with socket.socket(family, kind) as probe:
        if not port.udp:  # as the services do: a closed connection's TIME_WAIT is no holder
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.number))
        except OSError:
            return False
    return True
