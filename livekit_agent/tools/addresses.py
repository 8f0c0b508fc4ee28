"""Which addresses pages may come from: public ones, each checked on the way to its connection."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import httpcore2
from httpcore2 import AsyncNetworkBackend, AsyncNetworkStream

PORTS = frozenset({80, 443})
MAX_TRIED = 3  # addresses of one name; more of them down is a site that is down
PUBLIC_V6 = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")  # what an IPv6-only network calls public IPv4
# Global by the registry of Python 3.11, or not global but inside what is: tunnels that carry any
# IPv4 address, ORCHID, documentation, and IPv4 of protocols and relays.
REFUSED = tuple(
    ip_network(net)
    for net in (
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.175.48.0/24",
    )
)

# Their own: a name server that hangs keeps a thread for ten seconds, whoever has stopped waiting.
RESOLVERS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="resolve")

SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class Refused(Exception):
    """Nothing is fetched from there; the text says why, without the address."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether anyone on the internet may be meant by it, and nobody nearer."""
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        if address in NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in PUBLIC_V6:  # IPv4-mapped and -compatible, local, link, multicast
            return False
    if any(address.version == net.version and address in net for net in REFUSED):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def public_addresses(host: str, port: int, resolve: Resolve) -> list[str]:
    """What `host` resolves to now. Raises Refused unless every one of them is public, OSError."""
    literal = _literal(host)
    found = [str(literal)] if literal else await resolve(host, port)
    if not found:
        raise OSError("the name has no address")
    addresses = [ip_address(each) for each in found]
    if not all(map(is_public, addresses)):
        raise Refused("that address is not on the public internet")
    return [str(address) for address in addresses]


async def resolve_name(host: str, port: int) -> list[str]:
    """By the system's resolver, each address once. Raises OSError."""
    asked = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(RESOLVERS, asked)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class PublicOnly(AsyncNetworkBackend):
    """Connects to the very address it has checked: a name cannot change in between.

    Host header, SNI and certificate stay those of the name. `inner` opens the connections.
    """

    def __init__(
        self, resolve: Resolve = resolve_name, inner: AsyncNetworkBackend | None = None
    ) -> None:
        self._resolve = resolve
        self._inner = inner or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> AsyncNetworkStream:
        """Raises Refused, httpcore2.ConnectError."""
        if port not in PORTS:
            raise Refused("only the web's own ports are read")
        try:
            addresses = await public_addresses(host, port, self._resolve)
        except (OSError, UnicodeError) as exc:
            raise httpcore2.ConnectError("the name cannot be resolved") from exc
        for address in addresses[:MAX_TRIED]:
            try:
                return await self._inner.connect_tcp(address, port, timeout)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as exc:
                failure = exc
        raise failure


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address `host` spells; None for a name. Raises Refused for odd spellings of either."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    last = host.rstrip(".").rpartition(".")[2]
    # 2130706433, 0x7f.1 and 0177.0.0.1 are addresses to a resolver, and nobody's way to say one.
    if "%" in host or ":" in host or not last or last.isdigit() or last.startswith("0x"):
        raise Refused("that is not the name of a site")
    if "." not in host.rstrip("."):
        raise Refused("that name is not on the public internet")
    return None
