"""Which requests may reach the server: only those to its own address and, from browsers, its own pages.

A page of a foreign site whose name resolves to this machine (DNS rebinding) sends that name as Host, and
every page sends its own Origin. Both are parsed and compared as a whole. Programs send no Origin.
"""

import re
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv6Address

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_AUTHORITY = re.compile(r"(?P<name>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_OWN_NAMES = ("127.0.0.1", "localhost", "[::1]")
# The values that browsers send with requests from pages of other sites.
_FROM_ELSEWHERE = (b"cross-site", b"same-site")
_DEFAULT_PORT = "80"


class OwnHostOnly:
    """ASGI middleware that refuses a foreign Host with 421 and a foreign Origin with 403."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = str(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request that is meant for this server."""
        if scope["type"] == "http" and (refusal := self._refusal(scope["headers"])):
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, headers: Iterable[tuple[bytes, bytes]]) -> Response | None:
        sent: dict[bytes, list[bytes]] = {b"host": [], b"origin": [], b"sec-fetch-site": []}
        for name, value in headers:
            if name in sent:
                sent[name].append(value)
        if len(sent[b"host"]) != 1 or not self._is_own(sent[b"host"][0].decode("latin-1")):
            return Response(f"Invalid Host header; use 127.0.0.1:{self._port}", status_code=421)
        if sent[b"origin"] and not (
            len(sent[b"origin"]) == 1 and self._is_own_origin(sent[b"origin"][0].decode("latin-1"))
        ):
            return Response("Invalid Origin header; other origins are not served", status_code=403)
        if any(value.strip().lower() in _FROM_ELSEWHERE for value in sent[b"sec-fetch-site"]):
            return Response("Requests from other sites are not served", status_code=403)
        return None

    def _is_own_origin(self, origin: str) -> bool:
        scheme, separator, authority = origin.partition("://")
        return scheme.lower() == "http" and bool(separator) and self._is_own(authority)

    def _is_own(self, authority: str) -> bool:
        match = _AUTHORITY.fullmatch(authority)
        return (
            bool(match)
            and _plain(match["name"]) in _OWN_NAMES
            and (match["port"] or _DEFAULT_PORT) == self._port
        )


def _plain(name: str) -> str:
    if not name.startswith("["):
        return name.lower()
    try:
        return f"[{IPv6Address(name[1:-1])}]"
    except AddressValueError:
        return name
