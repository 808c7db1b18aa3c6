"""Requests that are being answered, so that a stopping server can let them end."""

from typing import Any

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

_ENDLESS = "subscriptions/listen"
# Time from a handler's return until its answer is written.
_WRITTEN_S = 0.02


class InFlight:
    """Middleware that counts the requests between their arrival and their answer."""

    def __init__(self) -> None:
        self._count = 0
        self._idle = anyio.Event()

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Pass a message on, and count requests until they are answered."""
        if ctx.request_id is None or ctx.method == _ENDLESS:
            return await call_next(ctx)
        self._count += 1
        try:
            return await call_next(ctx)
        finally:
            self._count -= 1
            if not self._count:
                self._idle.set()
                self._idle = anyio.Event()

    async def wait_idle(self, limit_s: float) -> None:
        """Return when no request is being answered, or after `limit_s`."""
        with anyio.move_on_after(limit_s):
            await anyio.sleep(_WRITTEN_S)
            while self._count:
                await self._idle.wait()
                await anyio.sleep(_WRITTEN_S)
