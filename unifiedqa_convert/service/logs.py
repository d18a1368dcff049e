"""One JSON line per event on stderr. Names, numbers and places in the code; never a text or a key.

An exception's message may quote what a client sent, so only its type and its frames are told.
"""

import json
import logging
import sys
import time
import traceback
from typing import Any

LOGGER = "unifiedqa_convert.service"


class JsonLines(logging.Formatter):
    """A record as one JSON object; ``event`` and what came with it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        return json.dumps(line, ensure_ascii=True)


def set_up(quiet: bool) -> None:
    """Send the service's events, and uvicorn's errors, to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in (LOGGER, "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.WARNING if quiet or name != LOGGER else logging.INFO)


def tell(event: str, *, level: int = logging.INFO, **facts: Any) -> None:
    """Write one event."""
    logging.getLogger(LOGGER).log(level, event, extra={"facts": facts})


def tell_bug(error: BaseException, **facts: Any) -> None:
    """Write where an exception came from, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    tell("bug", level=logging.ERROR, error=type(error).__name__, frames=where, **facts)
