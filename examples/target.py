"""A small HTTP server to try load tests on: `python3 examples/target.py [PORT]`.

Ctrl-C ends it. It needs only the standard library.

  /             answers 200 after about 20 ms, whatever the method
  /orders       answers a POST with 201 and its JSON
  /slow         answers 200 after 400 ms
  /status/503   answers with that status
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_HOST, _PORT = "127.0.0.1", 8000
_USUAL_S, _SLOW_S = 0.02, 0.4


class Handler(BaseHTTPRequestHandler):
    """Answers requests by path."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        """Answer one request of any method."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.partition("?")[0]
        time.sleep(_SLOW_S if path == "/slow" else _USUAL_S)
        if path == "/orders" and self.command == "POST":
            self._send(201, body if _is_json(body) else b"{}")
        elif path.startswith("/status/") and path[8:].isdigit():
            self._send(int(path[8:]), b"{}")
        else:
            self._send(200, b'{"message": "hello"}')

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: a line per request would be the slowest part."""


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def main() -> None:
    """Serve until Ctrl-C."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else _PORT
    with ThreadingHTTPServer((_HOST, port), Handler) as server:
        sys.stderr.write(f"target on http://{_HOST}:{server.server_port}/ (Ctrl-C ends it)\n")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            sys.stderr.write("\n")


if __name__ == "__main__":
    main()
