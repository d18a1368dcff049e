"""How long a text is for a model, near enough to make batches of even size."""

BYTES_EACH = 4
"""English text in T5's vocabulary has about four bytes a token."""


def tokens(*texts: str) -> int:
    """The estimated tokens of a prompt made of these texts; at least one."""
    return 1 + sum(len(text.encode()) for text in texts) // BYTES_EACH
