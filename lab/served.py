"""A target in a process of its own on 127.0.0.1, so that it shares no Python with the measured code."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager


async def serve_until_stdin_ends(
    protocol: Callable[[], asyncio.Protocol], each_second: Callable[[], None] | None = None
) -> None:
    """Serve `protocol` and print its port; call `each_second` once a second."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=1024)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin, ended.set)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    while each_second and not ended.is_set():
        await asyncio.sleep(1)
        each_second()
    await ended.wait()
    server.close()


@contextmanager
def open_served(module: str) -> Generator[str]:
    """Run `module`, which serves until its stdin ends, during the block; yield the URL without a path."""
    command = [sys.executable, "-m", module]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.communicate()
