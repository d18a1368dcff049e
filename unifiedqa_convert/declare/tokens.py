"""Text ↔ ids of a checkpoint's own tokenizer, the same for every backend."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unifiedqa_convert.declare.store import Checkpoint
from unifiedqa_convert.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Tokens:
    """A tokenizer without padding or truncation: upstream truncates nothing either."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Load it; ModelError where the folder holds none that can be read."""
        self.tokenizer = _load(checkpoint.folder)
        if self.tokenizer.eos_token_id is None or self.tokenizer.pad_token_id is None:
            raise ModelError(f"{checkpoint.folder}: its tokenizer names no eos or no pad token")

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        """Ids with the end's; a ``</s>`` inside a prompt is id 1, as T5's converter was trained."""
        ids: list[list[int]] = self.tokenizer(list(prompts), truncation=False)["input_ids"]
        return ids

    def decode(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """Texts without special tokens; white space as transformers 4.23 left it for upstream."""
        return self.tokenizer.batch_decode(
            [list(one) for one in ids], skip_special_tokens=True, clean_up_tokenization_spaces=True
        )

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The vocabulary's pieces of ids, which is how CTranslate2 is spoken to."""
        return [str(piece) for piece in self.tokenizer.convert_ids_to_tokens(list(ids))]

    def ids(self, pieces: Sequence[str]) -> list[int]:
        """And back."""
        found = self.tokenizer.convert_tokens_to_ids(list(pieces))
        assert isinstance(found, list)
        return found


def _load(folder: Path) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer, T5Tokenizer

    bare = not (folder / "tokenizer.json").is_file() and (folder / "spiece.model").is_file()
    kind = json.loads((folder / "config.json").read_bytes()).get("model_type")
    # AutoTokenizer fails where there is a spiece.model and nothing beside it.
    loader = T5Tokenizer if bare and kind in ("t5", "mt5") else AutoTokenizer
    try:
        tokenizer: PreTrainedTokenizerBase = loader.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, TypeError, KeyError, ImportError, AttributeError) as error:
        raise ModelError(f"{folder}: its tokenizer can't be read: {error}") from error
    return tokenizer
