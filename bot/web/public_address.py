"""
The address under which the internet asked for something, as Twilio signed it; and who asked.

Behind a proxy the request that arrives here has another scheme, host and port. The address that was configured wins;
without one the proxy is asked, and only one that we trust: anybody can send its headers.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

    from starlette.requests import Request

    Networks = Sequence[IPv4Network | IPv6Network]


def public_address(request: Request, *, public_url: str | None, trusted: Networks) -> str:
    """Return the whole address, its path and query exactly as they were sent: a signature covers every sign."""
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope.get("query_string") or b""
    # Some servers leave the query in the raw path.
    rest = path.partition(b"?")[0].decode("latin-1") + ("?" + query.decode("latin-1") if query else "")
    if public_url is not None:
        return public_url.rstrip("/") + rest
    scheme, host = request.scope.get("scheme", "http"), request.headers.get("host", "")
    if is_trusted(request, trusted):
        scheme = _first(request, "x-forwarded-proto") or scheme
        host = _first(request, "x-forwarded-host") or host
        port = _first(request, "x-forwarded-port")
        if port.isdecimal() and not _has_port(host) and port not in {"80", "443"}:
            host = f"{host}:{port}"
    return f"{scheme}://{host}{rest}"


def is_trusted(request: Request, trusted: Networks) -> bool:
    """Return whether the request came straight from one of these networks."""
    if request.client is None:
        return False
    try:
        sender = ip_address(request.client.host)
    except ValueError:
        return False
    sender = getattr(sender, "ipv4_mapped", None) or sender
    return any(sender in network for network in trusted)


def caller_address(request: Request, trusted: Networks) -> str:
    """Return who called, as far as somebody we trust says it; of IPv6 the network, which is one household's."""
    address = request.client.host if request.client else ""
    if is_trusted(request, trusted):
        # Each proxy adds who called it at the end: the last that is none of ours is the caller.
        hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        address = next((hop for hop in reversed(hops) if not _is_ours(hop, trusted)), address)
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    found = getattr(found, "ipv4_mapped", None) or found
    return str(found) if found.version == 4 else str(ip_network(f"{found}/64", strict=False))  # noqa: PLR2004


def _is_ours(hop: str, trusted: Networks) -> bool:
    try:
        return any(ip_address(hop) in network for network in trusted)
    except ValueError:
        return False


def _first(request: Request, header: str) -> str:
    """Return the first value of a header: each proxy on the way adds its own behind it."""
    return request.headers.get(header, "").split(",")[0].strip()


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdecimal() and not host.endswith("]")
