"""Closing the door on nobody: what the kernel does with connections while we stop taking them.

It completes connections by itself and resets those that nobody has accepted when the door closes.
Their clients were let in, as far as they know, and have sent a request.
"""

import contextlib
import ctypes
import socket
import struct
import sys
from collections.abc import Iterator

_SO_ATTACH_FILTER = 26
_NO_SYN = (
    (0x30, 0, 0, 13),  # load the TCP header's flags
    (0x45, 0, 1, 0x02),  # SYN: go on, otherwise skip one
    (0x06, 0, 0, 0),  # drop it
    (0x06, 0, 0, 0xFFFF),  # keep it
)
"""A classic BPF program (linux/filter.h): whoever would begin a connection hears nothing, tries
again after a second, and is refused by then. Connections that have begun go on."""


def let_nobody_in(door: socket.socket) -> None:
    """Have the kernel begin no further connection; elsewhere than on Linux it still does."""
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _NO_SYN))
    given = struct.pack("HP", len(_NO_SYN), ctypes.addressof(program))
    with contextlib.suppress(OSError):  # a sandbox that has no such filters
        door.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, given)


def waiting(door: socket.socket) -> Iterator[socket.socket]:
    """Connections that the kernel has made and nobody has accepted yet."""
    with contextlib.suppress(OSError):  # none is left
        while True:
            one, _ = door.accept()
            one.setblocking(False)
            yield one
