"""Which address a request comes from when reverse proxies stand in front."""

from __future__ import annotations

from collections.abc import Sequence


def client_address(remote: str | None, forwarded: Sequence[str], trusted_proxies: int) -> str | None:
    """Return the address of the client, to be hashed and forgotten at once.

    `remote` is the peer of the connection and `forwarded` the values of all X-Forwarded-For headers in order. Each of
    the `trusted_proxies` appends the address it was called from; whatever stands before those was written by the
    client and is not believed. With no proxy the header counts for nothing.
    """
    if trusted_proxies == 0:
        return remote
    hops = [hop.strip() for value in forwarded for hop in value.split(",") if hop.strip()]
    if len(hops) < trusted_proxies:
        return remote
    return _without_port(hops[-trusted_proxies])


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
