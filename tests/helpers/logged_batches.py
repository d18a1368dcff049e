"""`uqa` that writes down every batch it puts to the model, before it does."""

import json
from collections.abc import Sequence
from pathlib import Path

from unifiedqa_convert.cli import main
from unifiedqa_convert.question_converters.transformers_backend import Seq2Seq


def main_with_log(log: Path) -> None:
    """Run `uqa`; one line of JSON per batch goes into ``log``."""
    real = Seq2Seq.generate

    def logged(self: Seq2Seq, ids: Sequence[Sequence[int]], forced: int | None = None) -> list[str]:
        with log.open("a") as file:
            file.write(json.dumps([list(one) for one in ids]) + "\n")
        return real(self, ids, forced)

    Seq2Seq.generate = logged  # type: ignore[method-assign]
    main()
