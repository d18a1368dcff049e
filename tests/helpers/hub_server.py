"""A hub of our own on this machine: the protocol that huggingface_hub speaks, and its faults.

It serves real files the way the hub serves large ones: ``resolve`` answers with the file's sha256,
size and commit, and redirects to another host, where the bytes are.
"""

import contextlib
import hashlib
import json
import os
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

COMMIT = "2c94ad3e1aafab77146f384e23536f97a4849815"
OTHER_COMMIT = "f" * 40
ERRORS = {"gated-401": (401, "GatedRepo"), "gated-403": (403, "GatedRepo")}
ERRORS |= {"no-repo": (401, "RepoNotFound"), "private": (401, ""), "forbidden": (403, "")}
ERRORS |= {"absent": (404, ""), "no-revision": (404, "RevisionNotFound")}
ERRORS |= {"no-entry": (404, "EntryNotFound")}


@dataclass
class State:
    """What the hub holds, what is wrong with it, and what it was asked."""

    files: dict[str, bytes]
    commit: str = COMMIT
    fault: str = ""
    """Its name; a number after a colon says how often it happens (always, without one)."""
    asked: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    branches: dict[str, "State"] = field(default_factory=dict)
    """Further branches, by name: what they hold, and their commit."""
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with a refusal: Retry-After and the like; ``date`` is one two or three seconds on."""
    released: threading.Event = field(default_factory=threading.Event)

    def strikes(self, *names: str) -> bool:
        """Whether the fault is one of these, and its times are not used up."""
        name, _, times = self.fault.partition(":")
        if name not in names:
            return False
        self.faults[name] += 1
        return not times or self.faults[name] <= int(times)


class Hub(BaseHTTPRequestHandler):
    """One request. ``resolve`` announces, ``cdn`` delivers, ``api`` describes."""

    state: ClassVar[State]

    def do_HEAD(self) -> None:
        self._route()

    def do_GET(self) -> None:
        self._route()

    def _route(self) -> None:
        state, path = self.state, unquote(urlsplit(self.path).path)
        state.asked.append(f"{self.command} {self.path}")
        state.times.append(time.monotonic())
        if state.strikes("silent"):
            state.released.wait(60)
        elif state.strikes("refusing-503"):
            self._refuse(503, "")
        elif state.strikes("refusing-429"):
            self._refuse(429, "")
        elif state.fault in ERRORS:
            self._refuse(*ERRORS[state.fault])
        elif found := re.fullmatch(r"(?:/datasets)?/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(found[2], found[3])
        elif path.startswith("/cdn/"):
            self._deliver(path.removeprefix("/cdn/"))
        elif found := re.fullmatch(r"/api/\w+/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self._describe(found[1], found[2])
        else:
            self._refuse(404, "")

    def _refuse(self, status: int, code: str) -> None:
        headers = {**self.state.headers, **({"X-Error-Code": code} if code else {})}
        if headers.get("Retry-After") == "date":
            headers["Retry-After"] = self.date_time_string(int(time.time()) + 3)
        self._send(status, b"", headers)

    def _at(self, revision: str | None) -> State | None:
        """What the main branch, another one, or a commit holds."""
        branches = {None: self.state, "main": self.state, **self.state.branches}
        held = {branch.commit: branch for branch in branches.values()}
        return branches.get(revision) or held.get(str(revision))

    def _resolve(self, revision: str, name: str) -> None:
        state, held = self.state, self._at(revision)
        if held is None or revision == "main":
            return self._refuse(404, "RevisionNotFound")
        if name not in held.files:
            return self._refuse(404, "EntryNotFound")
        body = held.files[name]
        if state.strikes("login-page"):
            return self._send(200, b"<html>Please log in</html>", {})
        late = state.fault == "changed-late" and sum("resolve" in line for line in state.asked) > 1
        changed = late or state.fault == "changed"
        announced = {
            "X-Repo-Commit": OTHER_COMMIT if changed else held.commit,
            "X-Linked-Size": str(len(body) + (state.fault == "other-size")),
            "X-Linked-Etag": f'"{"0" * 64 if state.fault == "other-sha" else _sha256(body)}"',
            "Location": f"http://localhost:{self.connection.getsockname()[1]}/cdn/{name}",
        }
        if state.fault == "xet":
            announced |= {"X-Xet-Hash": "a" * 64, "X-Xet-Refresh-Route": "http://localhost:9/xet"}
        return self._send(302, b"", announced)

    def _deliver(self, name: str) -> None:
        state = self.state
        everything = [state, *state.branches.values()]
        body = next(held.files[name] for held in everything if name in held.files)
        if state.strikes("body-503"):
            return self._refuse(503, "")
        if state.strikes("body-429"):
            return self._refuse(429, "")
        if state.strikes("wrong-bytes"):
            return self._send(200, body[::-1], {})
        if state.strikes("longer"):
            return self._send(200, body + b"more", {})
        start = 0
        ranged = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if ranged and state.fault.partition(":")[0] != "truncated-no-range":
            start = int(ranged[1])
        broken = state.strikes("truncated", "truncated-no-range", "reset", "silent-body")
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        rest = body[start:]
        self.wfile.write(rest[: len(rest) * 3 // 4] if broken else rest)
        if broken and state.fault.startswith("reset"):
            self._reset()
        elif broken and state.fault.startswith("silent-body"):
            state.released.wait(60)
        return None

    def _reset(self) -> None:
        """End the connection with a reset, not with an end of file."""
        self.wfile.flush()
        time.sleep(0.1)
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), self.connection.fileno())

    def _describe(self, hub: str, revision: str | None) -> None:
        state, held = self.state, self._at(revision)
        if held is None:
            return self._refuse(404, "RevisionNotFound")
        siblings = [
            {
                "rfilename": name,
                "size": len(body) + (state.fault == "other-size"),
                "blobId": "b" * 40,
                "lfs": {"size": len(body), "sha256": _sha256(body), "pointerSize": 130},
            }
            for name, body in held.files.items()
        ]
        document = {"id": hub, "sha": held.commit, "siblings": siblings}
        return self._send(200, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that leaves in the middle is no news."""


@contextlib.contextmanager
def serving(state: State) -> Iterator[str]:
    """Serve ``state`` on a free port; its address."""
    handler = type("BoundHub", (Hub,), {"state": state})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        state.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
