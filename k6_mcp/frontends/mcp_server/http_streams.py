"""Open HTTP answers that wait for events, ended cleanly when the server stops."""

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_GONE: Message = {"type": "http.disconnect"}


class OpenStreams:
    """ASGI middleware: after `end`, streams that check for a disconnected client get a disconnect.

    Such a stream does not end by itself, so the HTTP server would wait for it in vain, and then cancel it
    with a traceback.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._leaving = anyio.Event()

    def end(self) -> None:
        """End every stream; call this when all other requests have their answers."""
        self._leaving.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on, and complete an answer that is still open."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        open_answer = False

        async def tell(message: Message) -> None:
            nonlocal open_answer
            open_answer = message["type"] == "http.response.start" or bool(message.get("more_body"))
            await send(message)

        async def hear() -> Message:
            return await self._heard(receive)

        await self._app(scope, hear, tell)
        if open_answer and self._leaving.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _heard(self, receive: Receive) -> Message:
        heard: list[Message] = []
        async with anyio.create_task_group() as tasks:

            async def leave() -> None:
                await self._leaving.wait()
                tasks.cancel_scope.cancel()

            tasks.start_soon(leave)
            heard.append(await receive())
            tasks.cancel_scope.cancel()
        return heard[0] if heard else _GONE
