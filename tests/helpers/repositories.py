"""Many repositories on this machine: the protocols of the hub and of GitHub, and what goes wrong.

``with serving(repositories) as settings:`` gives the environment variables that lead there.
"""

import contextlib
import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

CONVERTED = "refs/convert/parquet"
Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body. A Content-Length of ``none`` is not sent: the body ends when it closes."""
Fault = Callable[[str, Answer], Answer]
"""What a faulty host answers to HEAD or GET instead."""


@dataclass
class Held:
    """One repository: the files of each commit, and the commit of each branch."""

    commits: dict[str, dict[str, bytes]]
    branches: dict[str, str] = field(default_factory=dict)


@dataclass
class Repositories:
    """What there is, by host and name; what was asked; how fast it answers."""

    held: dict[tuple[str, str], Held] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    ranges: list[tuple[str, int]] = field(default_factory=list)
    """Of each download: the file's path, and the byte at which it began."""
    pause: float = 0.0
    """Seconds between two blocks of a long body."""
    faults: dict[str, Fault] = field(default_factory=dict)
    """By the end of a path."""

    def add(
        self, host: str, name: str, commit: str, files: dict[str, bytes], branch: str = "main"
    ) -> None:
        """Files at a commit, which becomes the branch's newest one."""
        held = self.held.setdefault((host, name), Held({}))
        held.commits.setdefault(commit, {}).update(files)
        held.branches[branch] = commit


class Handler(BaseHTTPRequestHandler):
    """One request of either protocol."""

    state: ClassVar[Repositories]
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._route()

    def do_GET(self) -> None:
        self._route()

    def _route(self) -> None:
        url = urlsplit(self.path)
        path = unquote(url.path)
        self.state.asked.append(f"{self.command} {path}")
        if found := re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._file("hub", *found.groups())
        elif found := re.fullmatch(r"/raw/([^/]+/[^/]+)/([^/]+)/(.+)", path):
            self._file("github", *found.groups())
        elif found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self._describe(found[1], found[2])
        elif found := re.fullmatch(r"/github/repos/([^/]+/[^/]+)/git/trees/(\w+)", path):
            assert parse_qs(url.query) == {"recursive": ["1"]}
            self._tree(found[1], found[2])
        elif found := re.fullmatch(r"/github/repos/([^/]+/[^/]+)/commits/HEAD", path):
            held = self.state.held.get(("github", found[1]))
            self._json({"sha": held.branches["main"]} if held else None)
        else:
            self._send(404, {})

    def _at(
        self, host: str, name: str, revision: str | None
    ) -> tuple[str, dict[str, bytes]] | None:
        held = self.state.held.get((host, name))
        if held is None:
            return None
        commit = held.branches.get(revision or "main", revision or "")
        return (commit, held.commits[commit]) if commit in held.commits else None

    def _file(self, host: str, name: str, revision: str, path: str) -> None:
        at = self._at(host, name, revision)
        if at is None or path not in at[1]:
            code = "EntryNotFound" if at else "RevisionNotFound"
            return self._send(404, {"X-Error-Code": code} if host == "hub" else {})
        commit, body = at[0], at[1][path]
        headers = {}
        if host == "hub":
            sha256 = hashlib.sha256(body).hexdigest()
            headers = {"X-Repo-Commit": commit, "ETag": f'"{sha256}"'}
            headers |= {"X-Linked-Size": str(len(body)), "X-Linked-Etag": f'"{sha256}"'}
        ranged = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if self.command == "GET":
            self.state.ranges.append((path, int(ranged[1]) if ranged else 0))
        if ranged:
            headers["Content-Range"] = f"bytes {ranged[1]}-{len(body) - 1}/{len(body)}"
            body = body[int(ranged[1]) :]
        return self._send(206 if ranged else 200, headers, body)

    def _describe(self, name: str, revision: str | None) -> None:
        at = self._at("hub", name, revision)
        if at is None:
            return self._send(404, {"X-Error-Code": "RevisionNotFound"})
        siblings = [
            {
                "rfilename": path,
                "size": len(body),
                "blobId": _blob(body),
                "lfs": {
                    "size": len(body),
                    "sha256": hashlib.sha256(body).hexdigest(),
                    "pointerSize": 130,
                },
            }
            for path, body in at[1].items()
        ]
        return self._json({"id": name, "sha": at[0], "siblings": siblings})

    def _tree(self, name: str, commit: str) -> None:
        at = self._at("github", name, commit)
        tree = [
            {"path": path, "type": "blob", "size": len(body), "sha": _blob(body)}
            for path, body in (at[1] if at else {}).items()
        ]
        self._json({"sha": commit, "tree": tree} if at else None)

    def _json(self, document: object) -> None:
        body = json.dumps(document).encode()
        self._send(404 if document is None else 200, {"Content-Type": "application/json"}, body)

    def _send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        headers = {**headers, "Content-Length": str(len(body))}
        path = unquote(urlsplit(self.path).path)
        for end, fault in self.state.faults.items():
            if path.endswith(end):
                status, headers, body = fault(self.command, (status, headers, body))
        if headers.get("Content-Length") == "none":
            headers = {**headers, "Connection": "close"}
            del headers["Content-Length"]
            self.close_connection = True
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        block = 2**16 if self.state.pause else len(body) or 1
        for start in range(0, len(body), block):
            self.wfile.write(body[start : start + block])
            if len(body) > block:
                time.sleep(self.state.pause)

    def log_message(self, *_: object) -> None: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that leaves in the middle is no news."""


@contextlib.contextmanager
def serving(state: Repositories) -> Iterator[dict[str, str]]:
    """Serve them on a free port; the environment of a client."""
    server = _Server(("127.0.0.1", 0), type("Bound", (Handler,), {"state": state}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    root = f"http://127.0.0.1:{server.server_port}"
    try:
        yield {
            **{"HF_ENDPOINT": root, "HF_HUB_OFFLINE": "0", "NO_PROXY": "*"},
            **{"UQA_GITHUB_RAW": f"{root}/raw", "UQA_GITHUB_API": f"{root}/github"},
        }
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _blob(body: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
