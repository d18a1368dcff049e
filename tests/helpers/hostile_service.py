"""Something that answers at the address of a `uqa serve`, and is none.

``Hostile`` answers each path with what a test puts there: bytes of its own choice, at its own pace.
``chat_server.py`` is another one.
"""

import contextlib
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, TypeVar

KNOWN = {"name": "rules", "version": "1"}
MODELS = {"question_converter": KNOWN, "limits": {"items": 8, "deadline": 5.0}}


@dataclass
class Answer:
    """A response; a document that is not bytes is sent as JSON."""

    document: Any = None
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    repeated: int = 1
    """How often the body is sent, in one response."""
    pause: float = 0.0
    """Seconds between two bytes of the head and the body."""
    delay: float = 0.0
    """Seconds before the head."""
    kept: int | None = None
    """Only so many bytes of the body are sent, and then the connection is cut."""

    def body(self) -> bytes:
        if isinstance(self.document, bytes):
            return self.document
        return json.dumps(self.document).encode()


def bomb(size: int) -> Answer:
    """``size`` spaces, compressed to a thousandth."""
    return Answer(gzip.compress(b" " * size), headers=[("Content-Encoding", "gzip")])


def declared(item: Any) -> Callable[[list[Any]], Answer]:
    """As the service answers, with this for each item."""
    return lambda items: Answer({"question_converter": KNOWN, "items": [item] * len(items)})


@dataclass
class Hostile:
    """What is answered to a GET and to a POST, and how many requests came."""

    models: Answer = field(default_factory=lambda: Answer(MODELS))
    declare: Callable[[list[Any]], Answer] = lambda items: Answer(
        {"question_converter": KNOWN, "items": items}
    )
    asked: int = 0
    sent: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def posted(self, path: str, headers: Message, document: Any) -> Answer:
        """The answer to a POST."""
        del path, headers
        return self.declare(document["items"])


class _Handler(BaseHTTPRequestHandler):
    played: ClassVar[Hostile]

    def do_GET(self) -> None:
        self._answer(self.played.models)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.played.asked += 1
        self._answer(self.played.posted(self.path, self.headers, json.loads(body)))

    def _answer(self, answer: Answer) -> None:
        self.played.released.wait(answer.delay)
        body = answer.body()
        length = len(body) * answer.repeated
        headers = [("Content-Length", str(length)), *answer.headers]
        head = f"HTTP/1.1 {answer.status} No\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers)
        with contextlib.suppress(ConnectionError):  # the client has read enough
            for part in [f"{head}\r\n".encode(), *[body[: answer.kept]] * answer.repeated]:
                self._send(part, answer.pause)

    def _send(self, part: bytes, pause: float) -> None:
        if not pause:
            self.wfile.write(part)
            self.played.sent += len(part)
            return
        for byte in part:
            self.wfile.write(bytes([byte]))
            if self.played.released.wait(pause):
                return

    def log_message(self, *_: object) -> None: ...


_Played = TypeVar("_Played", bound=Hostile)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that leaves in the middle is no news."""


@contextlib.contextmanager
def playing(played: _Played) -> Iterator[_Played]:
    """Answer on a free port."""
    server = _Server(("127.0.0.1", 0), type("Bound", (_Handler,), {"played": played}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    played.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield played
    finally:
        played.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
