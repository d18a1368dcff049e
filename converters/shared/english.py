"""English grammar that adapters share: pure functions on short texts."""

import re

from unifiedqa_convert.schema import collapse

DETERMINERS = frozenset(
    "a an the this that these those my your his her its our their some any every each".split()
)

# A pronoun as an option ("him"): its nominative and possessive forms.
PRONOUNS = {
    "me": ("I", "my"),
    "him": ("he", "his"),
    "her": ("she", "her"),
    "us": ("we", "our"),
    "them": ("they", "their"),
}
NOMINATIVE = frozenset("i he she we they it".split())
PERSONS = frozenset("he she him her his".split())
# After an objective "her" comes one of these or a full stop; after the possessive, its noun.
AFTER_OBJECT = DETERMINERS | frozenset(
    "about after and as at because before but by down for from if in into not of off on onto or "
    "out over since so than that to under until up when where while why with without".split()
)


# As in Chinese, Japanese, Arabic, Urdu and Hindi, with the quotation marks after it.
_OTHER_STOP = re.compile(
    r"[\u3002\uff0e\uff61\uff01\uff1f\u061f\u06d4\u0964\u0965][\"'\u201d\u2019\u300d\u300f\uff09)]*$"
)


def with_full_stop(text: str) -> str:
    """The text with a full stop, unless it has an end mark (also before a closing quote)."""
    ended = text.rstrip("\"')").endswith((".", "!", "?")) or _OTHER_STOP.search(text)
    return text if ended else f"{text}."


def upper_first(text: str) -> str:
    """First letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def lower_first(text: str, context: str = "") -> str:
    """First letter in lower case, as inside a sentence.

    Kept: I, words with another capital or digit (DNA, T-shirt), and names: words that ``context``
    capitalises in the middle of a sentence.
    """
    word = text.split(" ", 1)[0]
    if word.split("'")[0] == "I" or word[1:] != word[1:].lower() or not word[:1].isupper():
        return text
    inner = [w.strip(".,;:!?\"'") for sentence in context.split(". ") for w in sentence.split()[1:]]
    return text if word.strip(".,;:!?") in inner else text[:1].lower() + text[1:]


def possessive(noun: str, plural: bool) -> str:
    """``the boy`` → ``the boy's``; a plural in s gets only the apostrophe."""
    return f"{noun}'" if plural and noun.endswith("s") else f"{noun}'s"


def stand_in(noun: str, before: str, pronoun: str, after: str) -> str:
    """The sentence ``before pronoun after`` with ``noun`` for the pronoun, in the pronoun's case.

    With an empty ``pronoun``, for a source that lacks it, the noun is not inflected.
    """
    noun, pronoun = collapse(noun), pronoun.lower()
    owns = pronoun in ("his", "their", "its") or (pronoun == "her" and _owns_next(after))
    if noun.lower() in PRONOUNS:
        nominative, owner = PRONOUNS[noun.lower()]
        noun = owner if owns else nominative if pronoun in NOMINATIVE else noun.lower()
    else:
        noun = _referent(noun, pronoun, f"{before} {after}")
        noun = possessive(noun, plural=pronoun == "their") if owns else noun
    if not before or before.rstrip("\"'").endswith((".", "!", "?")):
        noun = upper_first(noun)
    space = "" if after[:1] in set(".,;:!?") else " "
    return with_full_stop(upper_first(f"{before} {noun}{space}{after}".strip()))


def _owns_next(after: str) -> bool:
    follower = re.match(r"[\w'-]+", after)
    return follower is not None and follower[0].lower() not in AFTER_OBJECT


def _referent(noun: str, pronoun: str, text: str) -> str:
    """The noun phrase as it is written in a sentence: no wrong possessive, article, lower case.

    "Susan knows all about Ann's problems because she …" has the option "Ann's", which means Ann;
    "my meeting … it was short" has the option "meeting", which needs its article.
    """
    if pronoun in PERSONS and noun.endswith("'s"):
        noun = noun[:-2]
    first = noun.split(" ", 1)[0]
    if first.lower() in DETERMINERS:
        return first.lower() + noun[len(first) :]
    determined = re.compile(
        rf"\b({'|'.join(sorted(DETERMINERS))})( \w+)? {re.escape(noun)}\b", re.I
    )
    return f"the {noun}" if first.islower() and determined.search(text) else noun
