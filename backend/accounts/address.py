"""Where a request comes from: the client's address, as far as it can be believed."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from pydantic import IPvAnyNetwork
from starlette.requests import HTTPConnection

from chassis.settings import is_loopback

UNKNOWN = "unknown"
V6_SITE_PREFIX = 64  # a home gets at least as many addresses: counting one by one limits nobody
FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")
Address = IPv4Address | IPv6Address


def client_address(connection: HTTPConnection, trusted: Sequence[IPvAnyNetwork]) -> str:
    """The right-most address that no trusted proxy has. Anybody can write what is left of it."""
    client = connection.client.host if connection.client else UNKNOWN
    nearest = _address(client)
    if nearest is None:
        return client
    for hop in _hops(connection):
        if not _is_in(nearest, trusted):
            break
        before = _address(hop)
        if before is None:
            break
        nearest = before
    return str(nearest)


def came_by_https(connection: HTTPConnection, trusted: Sequence[IPvAnyNetwork]) -> bool:
    """The page was loaded over TLS: its Origin says so, or the proxy that we trust does."""
    if connection.headers.get("origin", "").startswith("https://"):
        return True
    peer = _address(connection.client.host) if connection.client else None
    if peer is None or not _is_in(peer, trusted):
        return connection.url.scheme == "https"
    told = connection.headers.get("x-forwarded-proto", "").rpartition(",")[2]
    return told.strip().lower() == "https"


def is_from_here(connection: HTTPConnection) -> bool:
    """Somebody at this machine, who asked for it by a local name.

    A reverse proxy here connects from here too: it names another host, or says for whom it asks.
    """
    if connection.client is None or not is_loopback(connection.client.host):
        return False
    if any(name in connection.headers for name in FORWARDED):
        return False
    return is_loopback(host_name(connection.headers.get("host", "")))


def host_name(host: str) -> str:
    """`[::1]:8080` and `localhost:8080` without port and brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def counted_as(address: str) -> str:
    """What rate limits count `address` as: an IPv6 site is one."""
    parsed = _address(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, V6_SITE_PREFIX), strict=False))
    return address


def _hops(connection: HTTPConnection) -> Iterable[str]:
    """Nearest first."""
    values = connection.headers.getlist("x-forwarded-for")
    return reversed([hop for value in values for hop in value.split(",")])


def _address(text: str) -> Address | None:
    """With or without a port; an IPv4 address in IPv6's clothes is IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def _is_in(address: Address, networks: Sequence[IPvAnyNetwork]) -> bool:
    return any(address in network for network in networks)
