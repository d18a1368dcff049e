"""What the environment adds to each request, a proxy or a key, checked before one is sent.

httpx makes the client of each proxy in the environment when it starts, also where NO_PROXY covers
the address: one that it has no library for (SOCKS) would stop requests that need no proxy.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from unifiedqa_convert.errors import UsageError

_SCHEMES = ("http", "https", "all")
_LOCK = threading.Lock()


def check_header(what: str, value: str) -> None:
    """UsageError, without the value, if a header can't carry it: ASCII without control characters.

    Pasted from a page, a key may hold a letter that only looks like one of ASCII.
    """
    for place, letter in enumerate(value):
        if not "!" <= letter <= "~":
            raise UsageError(
                f"{what} has the character U+{ord(letter):04X} at position {place + 1}, which no "
                "request can carry: copy it again, letter by letter if need be"
            )


def check_proxy(url: str) -> None:
    """UsageError, naming the variable, if the address needs a proxy that can't be used."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = f"{host}:{parts.port}" if parts.port and ":" not in host else host
    for scheme in (parts.scheme, "all"):
        proxy = getproxies().get(scheme)
        if not proxy or proxy_bypass(place):
            continue
        if why := _unusable(proxy):
            raise UsageError(
                f"{_variable(scheme)} names a proxy {why}: unset it, name an http:// proxy, or add "
                f"{host} to NO_PROXY"
            )
        return


def crosses_network(url: str) -> bool:
    """True if what is sent to the address leaves this machine unencrypted."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http":
        return False
    try:
        local = host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name
        local = False
    place = f"{host}:{parts.port}" if parts.port and ":" not in host else host
    proxies = getproxies()
    by_proxy = any(proxies.get(scheme) for scheme in ("http", "all")) and not proxy_bypass(place)
    return by_proxy or not local


@contextmanager
def without_unusable_proxies() -> Iterator[None]:
    """Around the making of a client: it does not see the proxies that :func:`check_proxy` refuses.

    Each address that it asks must be given to ``check_proxy`` first.
    """
    with _LOCK:
        proxies = getproxies()
        wrong = {_variable(one) for one in _SCHEMES if one in proxies and _unusable(proxies[one])}
        hidden = {name: os.environ.pop(name) for name in wrong if name in os.environ}
        try:
            yield
        finally:
            os.environ.update(hidden)


def _unusable(proxy: str) -> str | None:
    """Why no request can go through this proxy; None if it can. The address is not shown: it may
    hold a password."""
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        known = parts.hostname and (parts.port or 1)
    except ValueError:
        known = None
    if not known:
        return "without an address http://HOST:PORT"
    if parts.scheme in ("http", "https"):
        return None
    if parts.scheme not in ("socks5", "socks5h"):
        return f"of an unknown kind ({parts.scheme}://)"
    if find_spec("socksio") is None:
        return f"of the kind {parts.scheme}://, which needs a package (pip install socksio)"
    return None


def _variable(scheme: str) -> str:
    """The variable that names the proxy of a scheme; the lower-case one wins, as in urllib."""
    names = [name for name in os.environ if name.lower() == f"{scheme}_proxy"]
    return min(names, key=lambda name: (not name.islower(), name), default=f"{scheme}_proxy")
