"""Start `uqa` many times, each in a process of its own, without doing its imports each time.

A fork server (multiprocessing's) has imported what `uqa` needs. Each process is a fork of it that
gets arguments, environment, folder and files as a shell would give them, calls the real main(),
and may be killed by a real signal. What a fork can't show, a fresh interpreter must: the installed
script, what it imports, another hash seed. conftest.py's ``script`` runs that.

    done = started.run(["list", "--json"], cwd=folder)     # as subprocess.run
    process = started.begin([…]); process.kill()           # as subprocess.Popen
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from pkgutil import iter_modules
from typing import NamedTuple
from unittest.mock import patch

import converters
from unifiedqa_convert.cli import main

NOTHING = Path(os.devnull)
OURS = "cli check conversion.groups conversion.preview conversion.question_lines datasets.fetch "
OURS += "conversion.upstream_vera question_converters.rules.converter "
OURS += "conversion.pipeline conversion.workers records.dataset_card datasets.status "
OURS += "service.server"
THEIRS = "pandas pyarrow.pandas_compat pyarrow.compute dictionary tqdm.auto yaml filelock "
THEIRS += "httpx2 httpcore2 h11 truststore anyio.to_thread anyio.streams.tls encodings.idna"
CORE = [
    *THEIRS.split(),
    *(f"unifiedqa_convert.{name}" for name in OURS.split()),
    *(f"converters.{module.name}" for module in iter_modules(converters.__path__)),
]
"""None of these starts a thread, but for pyarrow's allocator, which expects forks; none reads a
setting that a test sets (as huggingface_hub does when it is imported). What isn't there is left
out by the fork server without a word, and would be imported by each process: test_started.py."""
MODELS = [
    *CORE,
    *("torch.utils.tensorboard", "transformers.models.t5.modeling_t5", "vera_model.programs.train"),
    *(
        "vera_model.run",
        "vera_model.programs.score",
        "unifiedqa_convert.question_converters.transformers_backend",
    ),
]
"""With seconds of torch and transformers, which run nothing in parallel before the fork."""


class Files(NamedTuple):
    """What a process reads and writes; by default nothing."""

    stdin: Path = NOTHING
    stdout: Path = NOTHING
    stderr: Path = NOTHING


NONE = Files()


class Server:
    """A fork server that has imported ``modules``; it starts with its first process."""

    def __init__(self, modules: Sequence[str]) -> None:
        self._server = forkserver.ForkServer()
        self._server.set_forkserver_preload([*modules, __name__])
        self._context = multiprocessing.get_context("forkserver")

    def begin(
        self,
        arguments: Sequence[object],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        files: Files = NONE,
        program: Callable[[], object] = main,
    ) -> ForkServerProcess:
        """Start ``uqa ARGUMENTS``; pid, kill(), terminate(), join() and exitcode are as usual."""
        words = [str(argument) for argument in arguments]
        given = (words, cwd or Path.cwd(), dict(os.environ if env is None else env), files, program)
        process = self._context.Process(target=_inside, args=given)
        # The hub's client reads this when it is imported: no process of MODELS asks the network.
        own = {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(Path(__file__).parent)}
        with patch.dict(os.environ, own):
            self._server.ensure_running()
        # multiprocessing has one server for all; this process has one per kind of preparation.
        with patch.object(
            forkserver, "connect_to_new_process", self._server.connect_to_new_process
        ):
            process.start()
        return process

    def run(
        self,
        arguments: Sequence[object],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: Path = NOTHING,
        program: Callable[[], object] = main,
        timeout: float = 600,
    ) -> "subprocess.CompletedProcess[str]":
        """Run ``uqa ARGUMENTS`` to its end and take what it wrote.

        After ``timeout`` seconds it hangs: that is no measure of how long it may take.
        """
        with tempfile.TemporaryDirectory() as folder:
            files = Files(stdin, Path(folder, "stdout"), Path(folder, "stderr"))
            process = self.begin(arguments, cwd=cwd, env=env, files=files, program=program)
            process.join(timeout)
            if process.exitcode is None:
                process.kill()
                raise subprocess.TimeoutExpired([*map(str, arguments)], timeout)
            code, texts = process.exitcode, [path.read_text("utf-8") for path in files[1:]]
        return subprocess.CompletedProcess(["uqa", *map(str, arguments)], code, *texts)

    def threads(self) -> set[str]:
        """The names of the server's threads, its first apart; no fork of it has them."""
        process = self.begin([], program=_nothing)
        process.join()
        tasks = Path(f"/proc/{self._server._forkserver_pid}/task").iterdir()
        _, *others = sorted(tasks, key=lambda path: int(path.name))
        return {(path / "comm").read_text().strip() for path in others}


def _nothing() -> None: ...


def _inside(
    arguments: list[str],
    cwd: Path,
    env: dict[str, str],
    files: Files,
    program: Callable[[], object],
) -> None:
    """In the new process: become what a shell would have started."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    further = env.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [folder for folder in further if folder and folder not in sys.path]
    flags = (os.O_RDONLY, *[os.O_WRONLY | os.O_CREAT | os.O_TRUNC] * 2)
    for number, (path, flag) in enumerate(zip(files, flags, strict=True)):
        opened = os.open(path, flag, 0o666)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, "utf-8", "backslashreplace", closefd=False)
    sys.argv = ["uqa", *arguments]
    program()


core = Server(CORE)
models = Server(MODELS)
