"""The sentences that `uqa score` is given, and whether there is a model. Loads no torch."""

from collections.abc import Sequence
from pathlib import Path

from unifiedqa_convert.errors import SourceError, UsageError
from vera_model.folders import checked_model


def asked_texts(model: Path, sentences: Sequence[str], file: Path | None) -> list[str]:
    """The texts to score; ModelError, before any is scored, where ``model`` is none."""
    texts = read_texts(sentences, file)
    checked_model(model)
    return texts


def read_texts(sentences: Sequence[str], file: Path | None) -> list[str]:
    """The sentences given, or else each line of a UTF-8 file that holds any text."""
    if bool(sentences) == (file is not None):
        raise UsageError("give sentences, or --file with one sentence a line, one of the two")
    if file is None:
        return list(sentences)
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} can't be read as UTF-8 text: {error}") from error
    texts = [line.strip("\r") for line in lines if line.strip()]
    if not texts:
        raise SourceError(f"{file} holds no sentence: give one a line")
    return texts
