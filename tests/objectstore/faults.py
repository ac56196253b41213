"""A proxy in front of an S3 server that fails on demand: refuses, drops, delays, answers wrongly."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """What a rule sees: `number` counts from 1."""

    number: int
    method: str
    path: str
    headers: dict[str, str]

    @property
    def conditional(self) -> bool:
        """Whether it is a write with a condition."""
        return self.method == "PUT" and bool({"if-match", "if-none-match"} & set(self.headers))


@dataclass(frozen=True)
class Refuse:
    """Answer with an error, and tell the server nothing."""

    status: int
    code: str


@dataclass(frozen=True)
class Drop:
    """Close the connection: before the server hears of it, or after it did what was asked."""

    after: bool = False


@dataclass(frozen=True)
class Wait:
    """Pass it on after a while."""

    seconds: float


@dataclass(frozen=True)
class Unconditional:
    """Pass it on without its condition, as a store does that does not know them."""


Fault = Refuse | Drop | Wait | Unconditional | None
Rule = Callable[[Request], Fault]

DOWN = Refuse(503, "ServiceUnavailable")
SLOW_DOWN = Refuse(503, "SlowDown")


@dataclass
class Proxy:
    """A proxy at `url`; `rule` says what happens to each request."""

    upstream: str
    rule: Rule = lambda _: None
    seen: list[Request] = field(default_factory=list)
    url: str = ""
    # S3 looks and writes in one step; where the server behind takes two, one write at a time stands in.
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock)
    _counter: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def failing(self, rule: Rule) -> Iterator[list[Request]]:
        """A rule for a while; gives the requests that it was asked about."""
        self.seen.clear()
        self.rule = rule
        try:
            yield self.seen
        finally:
            self.rule = lambda _: None

    def told(self, method: str, path: str, headers: dict[str, str]) -> tuple[Request, Fault]:
        """Count a request and decide on it."""
        with self._counter:
            request = Request(len(self.seen) + 1, method, path, headers)
            self.seen.append(request)
        return request, self.rule(request)


@contextmanager
def proxy(upstream: str) -> Iterator[Proxy]:
    """A proxy on a free port of the loopback address."""
    front = Proxy(upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(front))
    server.daemon_threads = True
    front.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        server.shutdown()
        server.server_close()


def _handler(front: Proxy) -> type[BaseHTTPRequestHandler]:
    host = urlsplit(front.upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave in two writes: without this the second waits for the first one's receipt.
        disable_nagle_algorithm = True
        wbufsize = -1

        def handle_expect_100(self) -> bool:
            """Ask for the body at once: the client waits a second for it."""
            super().handle_expect_100()
            self.wfile.flush()
            return True

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request, fault = front.told(self.command, self.path, headers)
            if isinstance(fault, Refuse):
                text = f"<Error><Code>{fault.code}</Code><Message>told to</Message></Error>".encode()
                self._send(fault.status, [("Content-Type", "application/xml")], text)
                return
            if isinstance(fault, Drop) and not fault.after:
                self.close_connection = True
                return
            if isinstance(fault, Wait):
                time.sleep(fault.seconds)
            if isinstance(fault, Unconditional):
                headers = {k: v for k, v in headers.items() if k not in ("if-match", "if-none-match")}
            if request.conditional:
                with front.one_at_a_time:
                    answer = self._pass_on(headers, body)
            else:
                answer = self._pass_on(headers, body)
            if isinstance(fault, Drop):
                self.close_connection = True
                return
            self._send(*answer)

        def _pass_on(self, headers: dict[str, str], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            connection = http.client.HTTPConnection(host, timeout=60)
            try:
                headers = {k: v for k, v in headers.items() if k not in ("expect", "connection")}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                return answer.status, answer.getheaders(), answer.read()
            finally:
                connection.close()

        def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response_only(status)
            length = str(len(body))
            for name, value in headers:
                if name.lower() == "content-length":
                    length = value if self.command == "HEAD" else length
                elif name.lower() not in ("connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", length)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            self.wfile.flush()

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: tests read their own output."""

    return Handler
