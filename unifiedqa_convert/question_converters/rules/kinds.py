"""What kind of phrase an answer is."""

import re
from collections.abc import Sequence

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.lexicon import noun_number, verb_lemma
from unifiedqa_convert.question_converters.rules.tokens import Token, is_name

_ADJECTIVE = re.compile(r".+(?:ic|al|ous|ive|ary|ar|ble|less|ful|ant|ent|ish)")
_YES = frozenset("yes true".split())
_NO = frozenset("no false".split())
_UNKNOWN = frozenset(("not enough information", "not enough info"))
_NONE_OF = ("none of the above", "none of these choices", "none of the choices", "all of the above")
_NO_ANSWER = frozenset(
    (
        "i have no comment",
        "no comment",
        "i have nothing to say",
        "i don't know",
        "i do not know",
        "nobody knows",
        "no one knows",
    )
)
_NOT_KNOWN = (
    *(f"it is {how} " for how in ("unknown", "not known", "unclear", "not clear")),
    *(f"it is {how} to say" for how in ("impossible", "hard", "difficult")),
    *(f"{who} {how}" for who in ("nobody", "no one") for how in ("is sure", "knows for")),
)
_ENDS_CLAUSE = words.RELATIVES | {"to"}
_NOUN_BEFORE = frozenset("of in between".split())  # after a word that may be verb or noun
_ALL_PRONOUNS = words.SUBJECT_PRONOUNS | {"nobody", "everybody", "everyone", "nothing", "someone"}
_NAMING = frozenset("named called known made based used born".split())
_OBJECT_PRONOUNS = frozenset("it them him us me".split())
_LINKING = frozenset("look feel stay get become keep seem sound remain appear grow".split())
_SHORT = re.compile(r"(?:i|he|she|it|we|you|they|there)['\u2019](?:ll|ve|d)")
_SUBJECT_BE = frozenset(
    "it's that's there's he's she's they're we're you're i'm "
    "it\u2019s that\u2019s there\u2019s he\u2019s she\u2019s they\u2019re we\u2019re".split()
)


def kind_of(given: str, text: str, tokens: Sequence[Token], titled: bool) -> str:
    """The kind of an answer; ``titled``: all of its words have capitals, like a title's.

    ``yes``, ``no``, ``reply`` ("No, they do not."), ``question``, ``sentence``, ``to`` (an
    infinitive), ``unknown`` ("not enough information"), ``nothing`` ("I have no comment"), ``none``
    ("none of the above"), ``place`` (a preposition phrase or a subordinate clause), ``verb`` (a
    base form and more), ``verb-s`` (a predicate: "reduces waste", "was late"), ``verb-ed``,
    ``verb-ing``, ``number``, ``adjective``, ``noun``.
    """
    low = text.lower()
    if low in _YES or low in _NO:
        return "yes" if low in _YES else "no"
    if not tokens:
        return "noun"
    first = tokens[0]
    if first.lower in ("yes", "no") and len(tokens) > 2 and tokens[1].lower == ",":
        return _reply(tokens)
    if low in _UNKNOWN:
        return "unknown"
    if low in _NO_ANSWER or low.startswith(_NOT_KNOWN):
        return "nothing"
    if low.startswith(_NONE_OF):
        return "none"
    if first.may("W") and given.endswith("?"):
        return "question"
    if len(tokens) == 1:
        return _single(first)
    if first.may("SP") and _has_main_clause(tokens):
        return "sentence"
    return _opened(first, tokens[1], tokens[-1]) or _phrase(given, tokens, titled)


def _reply(tokens: Sequence[Token]) -> str:
    """ "Yes, he did" says no more than "yes"; "No, they sleep" is a statement."""
    said = [t for t in tokens[2:] if t.lower != "not"]
    short = len(said) == 2 and said[0].may("R") and said[1].may("BOHM")
    denies = len(said) < len(tokens) - 2 or "n't" in said[-1].lower.replace("\u2019", "'")
    agrees = denies == (tokens[0].lower == "no")
    return tokens[0].lower if short and agrees else "reply"


def _has_main_clause(tokens: Sequence[Token]) -> bool:
    """True if a subordinate clause is followed by its main clause: "if you wait, it melts"."""
    comma = next((i for i, t in enumerate(tokens) if t.lower == ","), 0)
    main = tokens[comma + 1 :] if comma else ()
    if tokens[0].may("P") and not tokens[0].may("S"):  # "in a dry, dark place where it is cool"
        inner = (i for i, t in enumerate(main) if t.may("S") or t.lower in words.RELATIVES)
        main = main[: next(inner, len(main))]
    return any(t.may("BOHMZ") and not t.may("N") for t in main)


def _single(only: Token) -> str:
    if only.only("V") and only.text[:1].isupper():
        return "noun"  # "Welsh"
    if only.may("Q"):
        return "number"
    if only.may("X") and only.text[:1].isupper() and only.lower.endswith(("al", "ar", "ant")):
        return "noun"  # "Portugal"
    if (only.may("J") and not only.may("N")) or (only.may("X") and only.tags.endswith("J")):
        return "adjective"
    if only.may("J") and _ADJECTIVE.fullmatch(only.lower):
        return "noun" if only.lower in words.NOT_ADJECTIVES else "adjective"
    return "verb" if only.only("V") and only.lower not in words.COUNT_NOUNS else "noun"


def _opened(first: Token, second: Token, last: Token) -> str | None:
    """The kind, if the first word alone determines it; else None."""
    if first.lower in words.NEARLY and last.lower in words.FRACTIONS:
        return "number"  # "about a third"
    if first.lower == "to" and second.may("VA"):
        return "to"
    counted = first.lower in ("about", "around", "over", "under") and second.may("Q")
    if first.may("PS") and first.lower not in ("like", "than") and not counted:
        return "place"
    if first.lower in _SUBJECT_BE or _SHORT.fullmatch(first.lower):
        return "sentence"
    if first.lower in ("being", "having"):
        return "verb-ing"
    return "verb-s" if first.may("BHM") and not first.may("NV") else None


def _phrase(given: str, tokens: Sequence[Token], titled: bool) -> str:
    first, second, last = tokens[0], tokens[1], tokens[-1]
    if _is_sentence(given, tokens, titled):
        return "sentence"
    if first.lower == "not" and second.may("V") and not second.may("DGN"):
        return "verb"  # "not be late"
    if first.may("T") and _past(first, second):
        # "Cut the lawn": its past is the same, but nobody is said to have done it.
        return "verb" if first.may("V") and second.may("DL") else "verb-ed"
    if len(tokens) == 3 and second.lower in ("and", "or") and first.may("J") and last.may("J"):
        return "adjective"
    if len(tokens) == 2 and first.may("N") and last.text.isdigit():
        return "noun"  # "Bed 1"
    if first.may("GVZ") and not first.may("AP"):
        return _verbal(first, second)
    if (last.may("J") and not last.may("N")) or (last.may("X") and last.tags.endswith("J")):
        return "adjective"
    described = len(tokens) == 2 and first.lower.endswith("ly") and last.may("JE")
    if described or _qualified(first, second):
        return "adjective"
    return "noun"


def _qualified(first: Token, second: Token) -> bool:
    """True if it starts with an adjective or participle and its complement: "angry at"."""
    describes = (first.may("J") or first.may("E")) and not first.may("NVG")
    return describes and (second.may("PS") or second.lower == "that")


def _past(first: Token, second: Token) -> bool:
    if first.may("NJ") and not second.may("DRL"):
        return False
    return second.may("DRLG") or is_name(second) or (not first.may("E") and not first.may("V"))


def _verbal(first: Token, second: Token) -> str:
    object_follows = second.may("DRPQL") or second.lower in ("their", "off", "away")
    linking = verb_lemma(first.lower) in _LINKING and second.may("J")  # "feeling safe"
    if first.may("G") and (object_follows or linking or not first.may("NJ")):
        return "verb-ing"
    strong = not first.may("NJ") or first.lower in words.LIGHT_VERBS or second.may("R")
    object_follows = object_follows and second.lower not in _NOUN_BEFORE
    strong = strong or (object_follows and first.lower not in words.MOSTLY_NOUNS)
    linking = first.lower in _LINKING and second.may("J")
    if first.may("V") and (strong or linking):
        return "verb"
    acts = not first.may("N") or second.lower in _OBJECT_PRONOUNS
    return "verb-s" if first.may("Z") and acts else "noun"


def _is_sentence(given: str, tokens: Sequence[Token], titled: bool) -> bool:
    first = tokens[0]
    counted = first.may("P") and tokens[1].may("Q")
    counted = counted or (first.may("G") and tokens[1].may("BHM"))  # "smoking has gone down"
    if (
        (first.may("PSBOHMGW") and not counted)
        or first.only("VTE")
        or first.lower in words.LIGHT_VERBS
    ):
        return False
    pronoun = first.lower in _ALL_PRONOUNS and not tokens[1].may("WCP")
    if pronoun and any(t.may("VZT") for t in tokens[1:4]):
        return len(tokens) > 2 or tokens[1].may("ZT") or tokens[1].only("V")
    last, before = tokens[-1], tokens[-2]
    if last.may("V") and not last.may("J") and noun_number(before.lower) == "plural":
        return not last.may("N") or verb_lemma(last.lower) in words.COMMON_VERBS
    if len(tokens) < 3:
        return given[0].isupper() and tokens[1].only("BOHM")  # "Joe did"
    return _finite_follows(given, tokens, titled)


def _finite_follows(given: str, tokens: Sequence[Token], titled: bool) -> bool:
    """True if a finite verb comes before any dependent clause."""
    first = tokens[0]
    verb = first.may("V") and first.lower not in words.MOSTLY_NOUNS
    imperative = verb and (not first.may("J") or tokens[1].may("DLRQP"))
    third = tokens[1].may("Z") and verb_lemma(tokens[1].lower) in words.MOSTLY_VERBS
    imperative = imperative and not third  # "Metal makes", "Rain falls"
    stopped = given[0].isupper() and not imperative and not titled
    for i, token in enumerate(tokens[1:], 1):
        once = token.lower == "once" and tokens[i + 1 : i + 2] and tokens[i + 1].may("T")
        if token.lower in _ENDS_CLAUSE or (token.may("S") and not once):
            return False
        if token.lower == "as" and tokens[i - 1].may("G"):
            return False  # "a tent shaking as the wind blows"
        if token.lower in ("be", "being", "been"):
            continue
        reduced = i > 1 and token.lower in words.SUBJECT_PRONOUNS and tokens[i - 1].may("N")
        if reduced and first.lower in ("a", "an", "the", "some"):
            return False  # "a film they have seen"
        if _finite(tokens, i) or (stopped and _finite_in_sentence(tokens, i, given.endswith("."))):
            return True
    return False


def _finite(tokens: Sequence[Token], at: int) -> bool:
    """True if a word must be a finite verb: "is", "eats", "painted the", "plants grow"."""
    token = tokens[at]
    if token.may("BOHM") or token.only("ZT") or (token.may("Z") and token.only("ZV")):
        return True
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    kept = token.may("T") and verb_lemma(token.lower) in ("keep", "begin", "start", "stop")
    if kept and after is not None and after.may("G") and tokens[at - 1].may("NR"):
        return True  # "the wheels kept coming off"
    named = token.may("T") and at == 1 and is_name(tokens[0]) and not token.may("N")
    if named and at + 1 < len(tokens) and tokens[at + 1].may("DLR"):
        return True
    if token.may("ZV") and at + 1 < len(tokens) and tokens[at + 1].lower in _OBJECT_PRONOUNS:
        plural = noun_number(tokens[at - 1].lower) == "plural"
        return token.may("V") if plural else token.may("Z")
    if token.only("ET") and at > 1:
        return at + 1 < len(tokens) and tokens[at + 1].may("DLR")
    return token.only("V") and noun_number(tokens[at - 1].lower) == "plural"


def _finite_in_sentence(tokens: Sequence[Token], at: int, stopped: bool) -> bool:
    """True if a word may be the verb of an answer that is written as a sentence.

    It agrees with the noun before it ("the pipe leaks", not "a bicycle pump"), and a word that is
    also a noun has an object or a preposition after it ("the boys paint the fence").
    """
    token, before = tokens[at], tokens[at - 1]
    named = before.may("NR") or (at > 1 and tokens[at - 2].may("DL"))
    if not token.may("VZT") or not named or before.only("D") or before.may("L"):
        return False
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if token.only("ET") and not (after is not None and after.may("DLR")):
        # "A boy named Sam" is none, "The boy fainted." is one.
        told = stopped or tokens[0].lower not in ("a", "an", "some", "one")
        return told and token.lower not in _NAMING and not (after and after.lower == "by")
    if not token.may("NJ") or (token.may("T") and not token.may("EN")):
        return _agrees(token, before)
    common = verb_lemma(token.lower) in words.MOSTLY_VERBS
    common = common and (after is None or after.may("PA") or token.only("ZNJ"))
    plain = after is not None and (after.may("DLR") or token.only("NV"))
    return (plain or common) and _agrees(token, before)


def _agrees(token: Token, before: Token) -> bool:
    """True if a verb's form suits the noun or pronoun before it."""
    if token.may("T") or (token.may("Z") and noun_number(before.lower) != "plural"):
        return True
    plural = plural_noun(before)
    return token.may("V") and (plural or before.lower in ("i", "you", "we", "they"))


def plural_noun(head: Token) -> bool:
    """True for a plural, also of a word that the dictionary lacks."""
    if noun_number(head.lower) == "plural" or head.lower in words.PLURALS:
        return True
    ends = head.lower.endswith
    return "X" in head.tags and ends("s") and not ends(("ss", "is", "us", "s's"))


def many_act(tokens: Sequence[Token], at: int) -> bool:
    """True if a base form follows its plural subject: "two cats | eat fish"."""
    token, before = tokens[at], tokens[at - 1]
    if not token.may("V") or token.may("PDT") or any(t.may("SW") for t in tokens[:at]):
        return False
    if before.lower in ("i", "you", "we", "they"):
        return True
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    listed = any(t.lower == "and" for t in tokens[:at]) and before.may("NX")
    many = before.may("N") and (plural_noun(before) or before.lower == "people" or listed)
    return many and (not token.may("N") or after is None or after.may("DRLPAJNQ"))
