"""Progress on stderr: bars on a terminal, a line every ten seconds in a log."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.filesize import decimal

from unifiedqa_convert.printing import say

if TYPE_CHECKING:
    from unifiedqa_convert.datasets.fetch import Wish

HEARTBEAT = 10.0
"""Seconds between two lines in a log."""


@contextmanager
def row_progress(title: str, total: int | None, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Yields a function to call with the number of rows read so far; shows downloads too."""
    from unifiedqa_convert.transfers import reported

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
            say(f"{title}: {decimal(total)} downloaded, {rate}")

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
        say(f"{title}: {rows:,} rows, {rate:,.0f}/s{left}")

    return update


class Downloads:
    """The progress of several downloads, told by their threads; drawn nowhere.

    What an earlier run left of a file is not counted: rates and times are those of this run.
    """

    def __init__(self, sizes: Mapping[str, int | None]) -> None:
        self.planned = sizes
        """Of each split; None if its files tell their sizes as they begin."""
        self.total = sum(size or 0 for size in sizes.values())
        self.fetched = self.ended_splits = 0
        self.lock = threading.Lock()

    def begun(self, wish: "Wish", size: int | None, there: int) -> None:
        """A file begins, of which an earlier run left so many bytes."""
        with self.lock:
            known = self.planned[str(wish)] is not None
            self.total += (0 if known else size or 0) - there

    def arrived(self, _wish: "Wish", number: int) -> None:
        """So many bytes arrived."""
        with self.lock:
            self.fetched += number

    def ended(self, _name: str, _lines: list[str]) -> None:
        """A split ended; ``lines`` say how."""
        self.ended_splits += 1

    def __str__(self) -> str:
        return f"{self.ended_splits} of {len(self.planned)} splits"


@contextmanager
def download_progress(sizes: Mapping[str, int | None], quiet: bool) -> Iterator[Downloads]:
    """Draws the progress of the splits' downloads until it is left; what to tell it."""
    if quiet:
        yield Downloads(sizes)
    elif sys.stderr.isatty():
        with _bars() as bars:
            yield _Bars(sizes, bars)
    else:
        lines = _Lines(sizes)
        clock = threading.Thread(target=lines.heartbeat, daemon=True)
        clock.start()
        try:
            yield lines
        finally:
            lines.left.set()
            clock.join()


class _Lines(Downloads):
    """A line for each split that ended, and one every ten seconds, also if nothing arrives."""

    def __init__(self, sizes: Mapping[str, int | None]) -> None:
        super().__init__(sizes)
        self.left = threading.Event()

    def heartbeat(self) -> None:
        started = time.monotonic()
        while not self.left.wait(HEARTBEAT):
            rate = self.fetched / (time.monotonic() - started)
            remains = f", {(self.total - self.fetched) / rate:,.0f} s left" if rate else ""
            amount = f"{decimal(self.fetched)} of {decimal(self.total)}"
            line = f"{self} ended, {amount} fetched, {decimal(int(rate))}/s{remains}"
            say(line)

    def ended(self, name: str, lines: list[str]) -> None:
        super().ended(name, lines)
        say("\n  ".join(lines))


class _Bars(_Lines):
    """A bar for all, and one for each split that is being downloaded."""

    def __init__(self, sizes: Mapping[str, int | None], bars: Any) -> None:
        super().__init__(sizes)
        self.bars = bars
        self.tasks: dict[str, Any] = {}
        self.everything = bars.add_task(str(self), total=self.total or None)

    def begun(self, wish: "Wish", size: int | None, there: int) -> None:
        super().begun(wish, size, there)
        name, known = str(wish), self.planned[str(wish)]
        with self.lock:
            if name not in self.tasks:
                self.tasks[name] = self.bars.add_task(name, total=known or 0)
            task = self.bars.tasks[self.bars.task_ids.index(self.tasks[name])]
            more = (size or 0 if known is None else 0) - there
            self.bars.update(self.tasks[name], total=task.total + more)
            self.bars.update(self.everything, total=self.total)

    def arrived(self, wish: "Wish", number: int) -> None:
        super().arrived(wish, number)
        self.bars.advance(self.tasks[str(wish)], number)
        self.bars.advance(self.everything, number)

    def ended(self, name: str, lines: list[str]) -> None:
        super().ended(name, lines)
        if name in self.tasks:
            self.bars.remove_task(self.tasks.pop(name))
        self.bars.update(self.everything, description=str(self))


def _bars() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = [
        *(TextColumn("{task.description}"), BarColumn(), DownloadColumn()),
        *(TransferSpeedColumn(), TimeRemainingColumn()),
    ]
    return Progress(*columns, console=Console(stderr=True), transient=True)
