"""A sequence-to-sequence checkpoint under transformers: greedy decoding, batch by batch.

    uqa model fetch && uqa declare questions.jsonl --question-converter question_converter-3b

Reads safetensors only and never runs a repository's code. T5 runs in bf16 or fp32: its activations
overflow in fp16, and the sentences become noise.
"""

import json
import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unifiedqa_convert.documents import quoted
from unifiedqa_convert.errors import ModelError, QuestionConverterError, UsageError
from unifiedqa_convert.pretrained import check_vocabulary, load_pretrained
from unifiedqa_convert.question_converters.base import Options
from unifiedqa_convert.question_converters.local_models import Checkpoint

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

LONGEST = 256
"""Tokens of a sentence, its start token included: upstream's ``max_length``."""
T5_FAMILY = ("t5", "mt5", "umt5", "longt5", "switch_transformers")
BATCH_TOKENS = {"cpu": 2_048, "cuda": 16_384}
"""By device: 64 and 512 of the shortest prompts."""


def device_for(options: Options, gpus: int) -> str:
    """The worker's device, ``cpu`` or ``cuda:N``: a GPU is never shared by two workers.

    Raises UsageError if the machine has too few GPUs.
    """
    name, (worker, workers) = options.device, options.turn
    if name == "cpu" or (name == "auto" and not gpus):
        return "cpu"
    kind, _, number = name.partition(":")
    if name not in ("auto", "cuda") and not (kind == "cuda" and number.isdecimal()):
        raise UsageError(f"--device {name} is unknown; use auto, cpu, cuda or cuda:N")
    if number and workers > 1:
        raise UsageError("--device cuda:N is one GPU; with --workers use --device cuda")
    if int(number or workers - 1) >= gpus:
        needed = f"--device {name}" if number or not gpus else f"{workers} workers"
        raise UsageError(f"{needed}: a worker needs a GPU, and this machine has {gpus}")
    return f"cuda:{int(number or worker)}"


class Tokens:
    """A checkpoint's tokenizer, without padding or truncation, as upstream uses it."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Load it; raises ModelError if the folder has no readable tokenizer."""
        self.tokenizer = _load(checkpoint.folder)
        if self.tokenizer.eos_token_id is None or self.tokenizer.pad_token_id is None:
            raise ModelError(f"{checkpoint.folder}: its tokenizer has no eos or no pad token")

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """Ids, end token included; a ``</s>`` in a prompt is id 1, as the converter was trained."""
        ids: list[list[int]] = self.tokenizer(list(prompts), truncation=False)["input_ids"]
        return ids

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Texts without special tokens; white space as in transformers 4.23, upstream's version."""
        return self.tokenizer.batch_decode(
            [list(one) for one in ids], skip_special_tokens=True, clean_up_tokenization_spaces=True
        )

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The vocabulary's pieces of ids: CTranslate2 takes pieces, not ids."""
        return [str(piece) for piece in self.tokenizer.convert_ids_to_tokens(list(ids))]

    def ids(self, pieces: Sequence[str]) -> list[int]:
        """The ids of pieces."""
        found = self.tokenizer.convert_tokens_to_ids(list(pieces))
        assert isinstance(found, list)
        return found


def _load(folder: Path) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer, T5Tokenizer

    bare = not (folder / "tokenizer.json").is_file() and (folder / "spiece.model").is_file()
    kind = json.loads((folder / "config.json").read_bytes()).get("model_type")
    # AutoTokenizer can't read a folder with nothing but a spiece.model.
    loader = T5Tokenizer if bare and kind in ("t5", "mt5") else AutoTokenizer
    try:
        tokenizer: PreTrainedTokenizerBase = load_pretrained(loader, folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"{folder}: its tokenizer can't be read: {error}") from error
    return tokenizer


def refuse_fp16(checkpoint: Checkpoint, dtype: str) -> None:
    """Raise UsageError if the dtype is fp16 and the model is of the T5 family."""
    if dtype == "fp16" and checkpoint.kind in T5_FAMILY:
        raise UsageError(
            f"--dtype fp16: {checkpoint.kind} was trained in bf16, whose range is fp32's; its "
            "activations overflow in fp16 to infinities; use --dtype bf16 or fp32"
        )


class Seq2Seq:
    """A checkpoint on one device; loaded at the first use."""

    def __init__(self, checkpoint: Checkpoint, options: Options) -> None:
        """Choose device and dtype; raises UsageError if they are not available."""
        refuse_fp16(checkpoint, options.dtype)
        if options.dtype == "int8":
            raise UsageError("--dtype int8 needs --backend ct2; with transformers use bf16 or fp32")
        self._checkpoint = checkpoint
        self._turn = options.turn
        self.device = device_for(options, _gpus())
        kind = self.device.partition(":")[0]
        self.dtype = {"auto": "bf16" if kind == "cuda" else "fp32"}.get(
            options.dtype, options.dtype
        )
        self.batch_tokens = options.batch_tokens or BATCH_TOKENS.get(kind, BATCH_TOKENS["cuda"])
        self.library = f"transformers {version('transformers')}, torch {version('torch')}"
        self._tokens: Tokens | None = None
        self._model: Any = None

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """Token ids of each prompt."""
        self._tokens = self._tokens or Tokens(self._checkpoint)
        return self._tokens.encode(prompts)

    def generate(self, ids: Sequence[Sequence[int]], forced: int | None = None) -> list[str]:
        """One padded batch → texts, in order. ``forced``: exact number of tokens (benchmarks)."""
        import torch

        self._tokens = self._tokens or Tokens(self._checkpoint)
        if self._model is None:
            self._model = self._load()
        padded, mask = self._padded(ids)
        limits: dict[str, int] = {"max_length": LONGEST}
        if forced is not None:
            limits = {"max_new_tokens": forced, "min_new_tokens": forced}
        try:
            with torch.inference_mode():
                made = self._model.generate(input_ids=padded, attention_mask=mask, **limits)
        except torch.OutOfMemoryError as error:
            raise QuestionConverterError(
                f"{self.device} has no memory for a batch of {len(ids)} prompts; run the same "
                f"command with --batch-tokens {self.batch_tokens // 2}: {error}"
            ) from error
        return self._tokens.decode(made.tolist())

    def _padded(self, ids: Sequence[Sequence[int]]) -> "tuple[torch.Tensor, torch.Tensor]":
        import torch

        assert self._tokens is not None
        width = max(map(len, ids))
        if self.device != "cpu":
            width = -(-width // 8) * 8  # tensor cores are faster on multiples of eight
        pad = self._tokens.tokenizer.pad_token_id
        rows = torch.tensor([[*one, *[pad] * (width - len(one))] for one in ids])
        mask = torch.tensor([[1] * len(one) + [0] * (width - len(one)) for one in ids])
        return rows.to(self.device), mask.to(self.device)

    def _load(self) -> Any:
        import torch
        from transformers import AutoModelForSeq2SeqLM, GenerationConfig

        if self.device == "cpu" and self._turn[1] > 1:
            torch.set_num_threads(max(1, (os.cpu_count() or 1) // self._turn[1]))
        dtype = {"bf16": torch.bfloat16, "fp32": torch.float32, "fp16": torch.float16}[self.dtype]
        model = load_safely(AutoModelForSeq2SeqLM, self._checkpoint, dtype)
        assert self._tokens is not None
        tokenizer = self._tokens.tokenizer
        check_vocabulary(self._checkpoint.folder, model, tokenizer)
        pad, start = tokenizer.pad_token_id, model.generation_config.decoder_start_token_id
        start = pad if start is None else start
        ends = model.generation_config.eos_token_id
        ends = tokenizer.eos_token_id if ends is None else ends
        rows = model.get_input_embeddings().num_embeddings
        for token in (pad, start, *(ends if isinstance(ends, list) else [ends])):
            if not isinstance(token, int) or not 0 <= token < rows:
                raise ModelError(
                    f"{self._checkpoint.folder}: {quoted(token)} is no token of the model, whose "
                    f"numbers are 0 to {rows - 1}: correct pad_token_id, decoder_start_token_id "
                    "or eos_token_id, or copy the model again"
                )
        # The repository's generation settings (beams, sampling, penalties) are not used.
        model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]  # transformers
            do_sample=False,
            num_beams=1,
            decoder_start_token_id=start,
            eos_token_id=ends,
            pad_token_id=pad,
        )
        return model.to(self.device).eval()


def load_safely(loader: Any, checkpoint: Checkpoint, dtype: Any) -> Any:
    """``loader.from_pretrained`` of local safetensors: no missing weights, no foreign code."""
    from safetensors import SafetensorError

    try:
        model, report = load_pretrained(
            loader,
            checkpoint.folder,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"{checkpoint.folder} can't be read as a sequence-to-sequence model: {error}"
        ) from error
    absent = sorted(report["missing_keys"])
    if absent:
        raise ModelError(f"{checkpoint.folder} lacks the weights {', '.join(absent)}")
    return model


def _gpus() -> int:
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0
