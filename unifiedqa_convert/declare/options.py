"""What a user may say of a question converter besides its name."""

from dataclasses import dataclass, fields
from typing import Literal

Backend = Literal["transformers", "ct2"]
Dtype = Literal["auto", "bf16", "fp32", "int8", "fp16"]


@dataclass(frozen=True)
class Options:
    """The defaults suit the machine; ``rules`` and ``none`` take none of them."""

    backend: Backend = "transformers"
    device: str = "auto"
    """auto, cpu, cuda or cuda:N; auto is the GPU where there is one."""
    dtype: Dtype = "auto"
    """auto: bf16 on a GPU, fp32 on the CPU. int8 is ct2's alone."""
    batch_tokens: int | None = None
    """Padded prompt tokens of one batch; None: by device."""
    revision: str | None = None
    """A commit, 40 hex digits; None: the one that was fetched."""
    prompt: str | None = None
    """A prompt's name or a template; None: the preset's."""
    turn: tuple[int, int] = (0, 1)
    """(K, N): this is worker K of N on this machine. No user's affair: the pipeline says it."""

    def given(self) -> list[str]:
        """The flags of those that differ from the defaults."""
        return [
            f"--{field.name.replace('_', '-')}"
            for field in fields(self)
            if field.name != "turn" and getattr(self, field.name) != field.default
        ]
