"""Open HTTP answers that wait for something to tell, ended in order when the server leaves."""

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_GONE: Message = {"type": "http.disconnect"}


class OpenStreams:
    """ASGI middleware: after `end`, whoever listens whether its client is still there hears that it is not.

    Such a stream has no end of its own, so the HTTP server would wait for it in vain, and then cancel it with
    a traceback.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._leaving = anyio.Event()

    def end(self) -> None:
        """End every stream; requests that are being answered should have their answers by now."""
        self._leaving.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on; an answer that was left open is completed."""
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
