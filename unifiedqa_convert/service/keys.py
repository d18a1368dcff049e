"""The keys a client may come with: a file that is read again whenever it changes.

Only digests are kept, and all of them are compared, in constant time.
"""

import hmac
from hashlib import sha256
from pathlib import Path

from unifiedqa_convert.errors import UsageError

SHORTEST = 16


class Keys:
    """The keys of one file: one a line, ``#`` begins a comment."""

    def __init__(self, path: Path) -> None:
        """Read the file; UsageError where it can't be, or holds no key or too short a one."""
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._digests: tuple[bytes, ...] = ()
        try:
            self._refresh()
        except OSError as error:
            raise UsageError(f"--api-key-file {path}: {error.strerror}") from None
        if not self._digests:
            raise UsageError(
                f"--api-key-file {path} holds no key of {SHORTEST} characters or more, one a line; "
                "make one: python -c 'import secrets; print(secrets.token_urlsafe())'"
            )

    def accept(self, key: bytes) -> bool:
        """Whether it is one of the keys in the file as it stands now; a lost file has none."""
        try:
            self._refresh()
        except OSError:
            self._digests, self._seen = (), None
        digest = sha256(key).digest()
        found = [hmac.compare_digest(digest, own) for own in self._digests]
        return any(found)

    def _refresh(self) -> None:
        stat = self._path.stat()
        now = stat.st_mtime_ns, stat.st_ino, stat.st_size
        if now == self._seen:
            return
        lines = self._path.read_bytes().split(b"\n")
        keys = [line.strip() for line in lines if not line.lstrip().startswith(b"#")]
        self._digests = tuple(sha256(key).digest() for key in keys if len(key) >= SHORTEST)
        self._seen = now
