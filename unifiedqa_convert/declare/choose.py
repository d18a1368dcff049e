"""The name a user gives → a question converter."""

from unifiedqa_convert.declare import QuestionConverter
from unifiedqa_convert.errors import UsageError

NAMES = ("rules", "none")


def question_converter(name: str) -> QuestionConverter | None:
    """The converter of that name; None for ``none``, which leaves what must be asked unsaid."""
    if name == "none":
        return None
    if name == "rules":
        from unifiedqa_convert.declare.rules import Rules

        return Rules()
    if name.startswith(("http://", "https://")):
        from unifiedqa_convert.declare.remote import Remote

        return Remote(name)
    raise UsageError(
        f"no question converter {name!r}; there are: {', '.join(NAMES)}, http://HOST:PORT"
    )
