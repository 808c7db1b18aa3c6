"""A stand-in for a provider's HTTP API on 127.0.0.1.

It returns a test's answers in their order and records the requests.
"""

import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD = {
    "diagnosis": "All 150 requests were answered, p95 was 120 ms.",
    "causes": ["Nothing failed: the error rate is 0 %."],
    "next_steps": ["Raise the load step by step."],
}


@dataclass(frozen=True)
class Answer:
    """One answer; `hang` never sends one, `drop` closes the connection instead."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    hang: bool = False
    drop: bool = False


@dataclass(frozen=True)
class Received:
    """One received request; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Provider:
    """The stand-in; the last answer is repeated."""

    def __init__(self, answers: list[Answer]) -> None:
        self.requests: list[Received] = []
        self.answers = answers
        self.leave = threading.Event()
        self.url = ""

    def take(self, request: Received) -> Answer:
        self.requests.append(request)
        return self.answers[min(len(self.requests), len(self.answers)) - 1]


@contextmanager
def provider(*answers: Answer) -> Generator[Provider]:
    """Open a stand-in; its `url` is a base URL."""
    standing_in = Provider([*answers])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            answer = standing_in.take(
                Received(self.path, {name.lower(): value for name, value in self.headers.items()}, text)
            )
            self.close_connection = True
            if answer.hang:
                standing_in.leave.wait(30)
            if answer.hang or answer.drop:
                return
            # A client may close the connection once it has read enough
            with suppress(ConnectionError):
                self.send_response(answer.status)
                for name, value in {"content-type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        standing_in.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield standing_in
        finally:
            standing_in.leave.set()
            server.shutdown()
            serving.join()


def gemini(text: object, finish_reason: str = "STOP") -> Answer:
    """Return an answer of Gemini's API with the model's text `text` (an object becomes JSON)."""
    part = {"text": text if isinstance(text, str) else json.dumps(text)}
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": finish_reason}
    return Answer(json.dumps({"candidates": [candidate], "modelVersion": "gemini-stand-in"}).encode())


def openai(text: object, finish_reason: str = "stop") -> Answer:
    """Return an answer of OpenAI's chat API with the model's text `text` (an object becomes JSON)."""
    message = {"role": "assistant", "content": text if isinstance(text, str) else json.dumps(text)}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    whole = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "stand-in",
        "choices": [choice],
        "usage": usage,
    }
    return Answer(json.dumps(whole).encode())


def failing(status: int, message: str = "no", **headers: str) -> Answer:
    """Return an error in the form that both APIs share."""
    return Answer(json.dumps({"error": {"message": message, "code": status}}).encode(), status, headers)
