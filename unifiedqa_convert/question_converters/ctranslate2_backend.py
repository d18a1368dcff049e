"""A sequence-to-sequence checkpoint under CTranslate2; int8 is faster but may change sentences.

A checkpoint is converted once, into the cache folder, under a name made of its digest, the dtype
and the library's version; a conversion that is killed leaves nothing under that name.
"""

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from unifiedqa_convert.errors import ModelError, OutputError, UsageError
from unifiedqa_convert.question_converters.base import Options
from unifiedqa_convert.question_converters.local_models import Checkpoint
from unifiedqa_convert.question_converters.transformers_backend import (
    LONGEST,
    Tokens,
    device_for,
    load_safely,
    refuse_fp16,
)
from unifiedqa_convert.storage import cache_folder, publish_folder

BATCH_TOKENS = {"cpu": 8_192, "cuda": 16_384}
CPU_SHARE = 2_048
"""Tokens that one core takes at a time; fixed, so that results don't depend on the machine."""
_CONVERTED = {
    ("cpu", "int8"): "int8_float32",
    ("cuda", "int8"): "int8_bfloat16",
    ("cuda", "bf16"): "bfloat16",
    ("cpu", "fp32"): "float32",
    ("cuda", "fp32"): "float32",
}


class Ct2:
    """A checkpoint under CTranslate2; converted and loaded at the first use."""

    def __init__(self, checkpoint: Checkpoint, options: Options) -> None:
        """Choose device and dtype; raises UsageError if they are not available."""
        refuse_fp16(checkpoint, options.dtype)
        self._checkpoint = checkpoint
        self._turn = options.turn
        self.device = device_for(options, _gpus())
        kind = self.device.partition(":")[0]
        self.dtype = {"auto": "int8" if kind == "cpu" else "bf16"}.get(options.dtype, options.dtype)
        if (kind, self.dtype) not in _CONVERTED:
            raise UsageError(
                f"--backend ct2 can't run --dtype {self.dtype} on {kind}; use int8 or fp32"
            )
        self.compute = _CONVERTED[kind, self.dtype]
        self.batch_tokens = options.batch_tokens or BATCH_TOKENS[kind]
        self.library = f"ctranslate2 {version('ctranslate2')}"
        self._tokens: Tokens | None = None
        self._translator: Any = None

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """Token ids of each prompt."""
        self._tokens = self._tokens or Tokens(self._checkpoint)
        return self._tokens.encode(prompts)

    def generate(self, ids: Sequence[Sequence[int]], forced: int | None = None) -> list[str]:
        """One batch → texts, in order. ``forced``: exact number of tokens (benchmarks)."""
        self._tokens = self._tokens or Tokens(self._checkpoint)
        if self._translator is None:
            self._translator = self._load()
        results = self._translator.translate_batch(
            [self._tokens.pieces(one) for one in ids],
            beam_size=1,
            batch_type="tokens",
            max_batch_size=self.batch_tokens if self.device != "cpu" else CPU_SHARE,
            max_input_length=0,  # the default truncates a prompt at 1,024 tokens
            max_decoding_length=LONGEST - 1 if forced is None else forced,
            min_decoding_length=1 if forced is None else forced,
        )
        return self._tokens.decode([self._tokens.ids(one.hypotheses[0]) for one in results])

    def _load(self) -> Any:
        import ctranslate2

        kind, _, index = self.device.partition(":")
        cores = max(1, (os.cpu_count() or 1) // self._turn[1])
        try:
            return ctranslate2.Translator(
                str(converted(self._checkpoint, self.compute)),
                device=kind,
                device_index=int(index or 0),
                compute_type=self.compute,
                # On the CPU one core per batch: T5's matrices are too small for several.
                inter_threads=cores if kind == "cpu" else 1,
                intra_threads=1 if kind == "cpu" else 0,
            )
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"CTranslate2 can't load {self._checkpoint.name}: {error}") from error


def converted(checkpoint: Checkpoint, compute: str) -> Path:
    """The folder of the converted checkpoint; converts it if it is missing."""
    from filelock import FileLock

    digest = checkpoint.revision.removeprefix("sha256:")[:16]
    name = f"{checkpoint.short}-{digest}-{compute}-{version('ctranslate2')}"
    final = cache_folder() / "ct2" / name
    if final.is_dir():
        return final
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(final.with_name(f".{name}.lock")):
            if not final.is_dir():  # another process may have converted it while this one waited
                _convert(checkpoint, compute, final)
    except OSError as error:
        raise OutputError(
            f"cannot write {final}: {error}; free disk space or set UQA_CACHE"
        ) from error
    return final


def _convert(checkpoint: Checkpoint, compute: str, final: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    class SafeConverter(TransformersConverter):  # type: ignore[misc]  # ctranslate2, untyped
        """CTranslate2's converter, but it reads weights and tokenizer by our functions."""

        def load_model(self, model_class: Any, _path: str, **options: Any) -> Any:
            return load_safely(model_class, checkpoint, options["dtype"])

        def load_tokenizer(self, _class: Any, _path: str, **_options: Any) -> Any:
            return Tokens(checkpoint).tokenizer

    def fill(fresh: Path) -> None:
        try:
            converter = SafeConverter(str(checkpoint.folder))
            converter.convert(str(fresh), quantization=compute, force=True)
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"CTranslate2 can't convert {checkpoint.name}: {error}") from error

    publish_folder(final, fill)


def _gpus() -> int:
    import ctranslate2

    return int(ctranslate2.get_cuda_device_count())
