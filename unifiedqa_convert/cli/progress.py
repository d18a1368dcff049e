"""Progress on stderr: a bar on a terminal, a line every ten seconds in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.filesize import decimal

HEARTBEAT = 10.0
"""Seconds between two lines in a log."""


@contextmanager
def row_progress(title: str, total: int | None, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Yields a function to call with the number of rows read so far; shows downloads too."""
    from unifiedqa_convert.hub import reported

    if quiet:
        yield lambda _rows: None
    elif sys.stderr.isatty():
        with _bar(title, total) as (update, arrived), reported(arrived):
            yield update
    else:
        with reported(_download_heartbeat(title)):
            yield _heartbeat(title, total)


@contextmanager
def _bar(title: str, total: int | None) -> Iterator[tuple[Callable[[int], None], ...]]:
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeRemainingColumn

    columns = [
        *Progress.get_default_columns()[:3],
        TextColumn("{task.completed:,.0f} rows, {task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total, rate=0.0)
        started, fetched = time.monotonic(), 0

        def update(rows: int) -> None:
            rate = rows / (time.monotonic() - started)
            bar.update(task, completed=rows, rate=rate, description=title)

        def arrived(number: int) -> None:
            nonlocal fetched
            fetched += number
            bar.update(task, description=f"{title}: {decimal(fetched)} downloaded")

        yield update, arrived


def _download_heartbeat(title: str) -> Callable[[int], None]:
    started = last = time.monotonic()
    total = 0

    def arrived(number: int) -> None:
        nonlocal last, total
        total += number
        now = time.monotonic()
        if now - last >= HEARTBEAT:
            last = now
            rate = f"{decimal(int(total / (now - started)))}/s"
            print(f"{title}: {decimal(total)} downloaded, {rate}", file=sys.stderr, flush=True)

    return arrived


def _heartbeat(title: str, total: int | None) -> Callable[[int], None]:
    started = last = time.monotonic()

    def update(rows: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < HEARTBEAT:
            return
        last = now
        rate = rows / (now - started)
        left = f", {(total - rows) / rate:,.0f} s left" if total and rate and total > rows else ""
        print(f"{title}: {rows:,} rows, {rate:,.0f}/s{left}", file=sys.stderr, flush=True)

    return update
