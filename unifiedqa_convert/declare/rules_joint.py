"""Where the answer meets the question's words: one article, that its sound asks for, no word twice.

A template can't know that an answer repeats what stands beside it: "the" + "the hen's nest",
"will" + "will go", "take a nap next" + "next".
"""

from unifiedqa_convert.declare.rules_answer import a_or_an

_ARTICLES = ("a", "an", "the")
_MAY_REPEAT = frozenset("that had her his is was are were it you what who do".split())
"""Words that may rightly meet themselves: "gave her | her hat", "what it is | is"."""
_LONGEST = 3
"""Words of a repeated end: "as a result", "before this"."""


def smoothed(said: str, answer: str) -> str:
    """The sentence with its joints to the answer mended; as it is where it doesn't hold it."""
    at = said.find(answer)
    if at < 0:
        # Its first word was inflected: the end may still be repeated.
        _, _, answer = answer.partition(" ")
        at = said.find(answer) if answer else -1
        return said if at < 0 else _after(said, at + len(answer), answer)
    if at + len(answer) < len(said):
        said = _after(said, at + len(answer), answer)
    # Within a word, or after a hyphen or a quotation mark, there is no joint.
    return _before(said, at, answer) if said[at - 1 : at] == " " else said


def _before(said: str, at: int, answer: str) -> str:
    start = said.rfind(" ", 0, at - 1) + 1
    last = said[start : at - 1]
    low = last.lower()
    first = answer.partition(" ")[0].lower()
    if low == first:
        twice = low in _ARTICLES or (low.isalpha() and low not in _MAY_REPEAT)
        return said[:start] + said[at:] if twice else said
    if low not in _ARTICLES:
        return said
    if first in _ARTICLES:
        return said[:start] + said[at:]
    fit = low if low == "the" or not first[:1].isalpha() else a_or_an(answer)
    return said if fit == low else f"{said[:start]}{last[0]}{fit[1:]} {said[at:]}"


def _after(said: str, end: int, answer: str) -> str:
    tail = said[end:]
    if not tail.startswith(" ") or answer.rpartition(" ")[2].lower() not in tail.lower():
        return said
    words = answer.rsplit(" ", _LONGEST)[-_LONGEST:]
    for size in range(min(len(words), _LONGEST), 0, -1):
        again = " ".join(words[-size:])
        follows = tail[1 : len(again) + 1].lower() == again.lower()
        whole = not tail[len(again) + 1 : len(again) + 2].isalnum()
        if follows and whole and again.isascii() and again.lower() not in _MAY_REPEAT:
            return said[:end] + tail[len(again) + 1 :]
    return said
