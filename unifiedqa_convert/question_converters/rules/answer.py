"""What kind of phrase an answer is, and the forms it takes inside a sentence."""

import re
from collections.abc import Sequence
from functools import lru_cache

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.lexicon import (
    inflect,
    lemmas,
    noun_class,
    noun_number,
    verb_lemma,
)
from unifiedqa_convert.question_converters.rules.tokens import (
    Token,
    is_name,
    tags,
    tokenise_question,
)

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


def kind_of(given: str, text: str, tokens: Sequence[Token]) -> str:
    """The kind of an answer.

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
    return _opened(first, tokens[1], tokens[-1]) or _phrase(given, tokens)


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


def _phrase(given: str, tokens: Sequence[Token]) -> str:
    first, second, last = tokens[0], tokens[1], tokens[-1]
    if _is_sentence(given, tokens):
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


def _is_sentence(given: str, tokens: Sequence[Token]) -> bool:
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
    return _finite_follows(given, tokens)


def _finite_follows(given: str, tokens: Sequence[Token]) -> bool:
    """True if a finite verb comes before any dependent clause."""
    first = tokens[0]
    verb = first.may("V") and first.lower not in words.MOSTLY_NOUNS
    imperative = verb and (not first.may("J") or tokens[1].may("DLRQP"))
    third = tokens[1].may("Z") and verb_lemma(tokens[1].lower) in words.MOSTLY_VERBS
    imperative = imperative and not third  # "Metal makes", "Rain falls"
    titled = not given.endswith(".") and all(
        t.text[:1].isupper() or t.may("PDCK") for t in tokenise_question(given)
    )
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


FINAL = " .!?\u2026\u3002\uff1f\uff01;:,"  # marks at the end of a sentence
# "No because it is wet" is "No, because it is wet".
_REPLY_BECAUSE = re.compile(r"^(yes|no)( (?:because|since|if|unless)\b)", re.IGNORECASE)
_COMPOUND = re.compile(
    r"[a-z]{2,}(?:house|room|shop|store|yard|board|book|box|boat|ship|bag|man|woman|field|stick)"
)
_MASS = re.compile(r".+(?:ide|ose|gen|ysis|osis|esis|ness|ity|ology|graphy)")


def ends_in_initial(text: str) -> bool:
    """True if the text's last full stop belongs to its last word ("the U.S.", "John F.")."""
    return text[-1:] == "." and text[-2:-1].isalpha() and text[-3:-2] in ("", " ", ".")


def _uncounted(head: str) -> bool:
    """True if a noun needs no article: mass nouns, plurals, names."""
    if head in words.COUNT_NOUNS:
        return False
    kind = noun_class(head)
    if kind == "count" and head not in words.MASS_NOUNS:
        return noun_number(head) == "plural"
    mass = head in words.MASS_NOUNS or kind in ("mass", "both") or _MASS.fullmatch(head)
    return bool(mass) or noun_number(head) != "singular"


class Answer:
    """The analysis of an answer, which must be one line.

    ``given`` is the answer; ``text`` is without the full stop, and without the capital of a first
    word that is not a name; ``tokens`` are its words, ``kind`` is from ``kind_of``.
    """

    def __init__(self, given: str, named: bool = False, again: bool = False) -> None:
        self.given = given
        given = _REPLY_BECAUSE.sub(r"\1,\2", given)
        bare = (given if ends_in_initial(given) else given.rstrip(FINAL)) or given
        # The question asks for a person: the capital of a name stays ("Mark", "Crystal").
        keep = named and bare.istitle()
        self.text, self.tokens = (bare, tokenise_question(bare)) if keep else lowered(bare)
        if again and self.tokens and not self.tokens[0].may("DPRSWQ"):
            first, *others = tokenise_question(bare)
            self.text, self.tokens = bare, (first._replace(tags="XN"), *others)
        self.kind = kind_of(given, self.text, self.tokens)
        self.polar = self.kind in ("yes", "no")
        self.head = _head(self.tokens)
        self.plural = self.kind in ("noun", "number") and _is_plural(self.tokens, self.head)

    @property
    def bare(self) -> bool:
        """True if it is a singular noun with its modifiers and nothing else."""
        plain = all(t.may("NJXG") and not t.may("PK") for t in self.tokens)
        return plain and not self.plural and not is_name(self.tokens[0])

    def phrase(self, article: str = "a") -> str:
        """The answer as a noun phrase, with an article ("a" or "the") if it needs one."""
        if self._complete():
            return self.text
        assert self.head is not None
        definite = self.tokens[0].lower in words.ORDINALS or self.tokens[0].may("L")
        if (
            definite
            or article == "the"
            or self.head.lower in words.DEFINITE_ANSWERS
            or self._unique()
        ):
            return f"the {self.text}"
        return f"{a_or_an(self.text)} {self.text}"

    def _complete(self) -> bool:
        if self.kind != "noun" or self.head is None or self.plural:
            return True
        first = self.tokens[0]
        if first.may("L") and len(self.tokens) > 1:
            owner = first.lower.replace("\u2019", "'").removesuffix("'s")
            one = noun_number(owner) == "singular" or owner in words.COUNT_NOUNS
            return first.text[:1].isupper() or not one
        if first.may("DRLQS") or first.text[:1].isupper() or any(t.may("K") for t in self.tokens):
            return True
        if any(t.lower in ("and", "or") for t in self.tokens):
            return True
        head = self.head.lower
        if len(self.tokens) > 1 and noun_number(first.lower) == "plural" and first.only("NZ"):
            return True  # "wheels turning"
        if first.lower == "not" or first.may("W"):
            return True  # "how to choose a dog"
        if first.lower in ("only", "just", "even") and self.tokens[1:] and self.tokens[1].may("DL"):
            return True  # "only the cook"
        compound = self.head.only("XN") and _COMPOUND.fullmatch(head)
        return not (self._unique() or compound) and _uncounted(head)

    def _unique(self) -> bool:
        if len(self.tokens) != 1:
            return False
        only = self.tokens[0].lower
        return only in words.UNIQUE_NOUNS or noun_class(only) == "unique"

    def as_base(self) -> str:
        """A verb phrase with its verb in the base form ("reduces waste" → "reduce waste")."""
        return self._reform(None)

    def as_form(self, tag: str) -> str:
        """A verb phrase with its verb in another form (VBZ, VBD, VBG)."""
        return self._reform(tag)

    def _reform(self, tag: str | None) -> str:
        first = next((t for t in self.tokens if t.may("VZGTEBH")), None)
        if first is None:
            return self.text
        lemma = verb_lemma(first.lower)
        done = tag == "VBG" and "X" in first.tags and first.lower.endswith("ing")
        verb = first.text if done else inflect(lemma, tag) if tag else lemma
        lead = self.text[: first.start]
        return (
            (lead if not lead.lower().startswith("to ") else lead[3:])
            + verb
            + self.text[first.end :]
        )


def _head(tokens: Sequence[Token]) -> Token | None:
    """The head of a phrase: its last word before a preposition, comma or clause."""
    found = None
    if len(tokens) > 1 and tokens[-1].lower == "can" and tokens[-2].may("N"):
        return tokens[-1]
    for token in tokens:
        if found is not None and (token.may("PKCSB") or token.lower in words.RELATIVES):
            break
        if token.may("NXRQGJE"):
            found = token
    return found


def _is_plural(tokens: Sequence[Token], head: Token | None) -> bool:
    """True if a verb after these words must be plural."""
    of = next((i for i, t in enumerate(tokens) if t.lower == "of"), 0)
    if of and tokens[of - 1].lower in ("%", "percent", "half", "thirds", "most", "some", "quarter"):
        head = _head(tokens[of + 1 :])
    if head is None or tokens[0].may("G"):
        return False
    if len(tokens) == 1 and "X" in head.tags and head.text[:1].isupper():
        return False  # "Agnes"
    if len(tokens) > 2 and tokens[0].may("Q") and tokens[1].lower == "of":
        return tokens[0].lower.isalnum() and tokens[0].lower not in (
            "one",
            "1",
            "each",
            "none",
            "much",
        )  # "five of them"
    listed = any(t.lower == "and" for t in tokens) and not any(
        t.may("P") or t.lower in words.RELATIVES for t in tokens
    )
    series = listed and any(t.lower == "," for t in tokens)
    if tokens[0].lower in ("a", "an", "each", "every", "one") and not series:
        return False
    return listed or plural_noun(head)


@lru_cache(maxsize=4096)
def a_or_an(text: str) -> str:
    """The indefinite article for the sound of the next word."""
    word = text.lstrip("\"'(“\u2018").lower()
    if re.match(r"(?:hour|honest|honor|heir|[fhlmnrsx](?:-|$|\W)|[aefhilmnorsx]\d)", word):
        return "an"
    if re.match(r"(?:uni(?!n|m)|us[aeiu]|eu|ure|uri|uten|one\b|once\b|ubiq|u-)", word):
        return "a"
    return "an" if word[:1] in "aeiou8" and word[:1] else "a"


def _lowered(text: str, first: Token) -> str:
    return text[: first.start] + first.text[0].lower() + text[first.start + 1 :]


def lowered(text: str) -> tuple[str, tuple[Token, ...]]:
    """The text without the capital that only marks its beginning, and its tokens."""
    if not text[:1].isupper():
        return text, tokenise_question(text)
    tokens = tokenise_question(text)
    named = len(tokens) > 1 and tokens[0].lower in words.NAMES_TOO and tokens[1].may("BOHMZ")
    if named or (len(tokens) == 1 and tokens[0].lower in ("welsh", "polish")):
        return text, (tokens[0]._replace(tags="XN"), *tokens[1:])
    if keeps_capital(tokens):
        return text, tokens
    first = tokens[0]
    word = first.text[0].lower() + first.text[1:]
    return _lowered(text, first), (first._replace(text=word), *tokens[1:])


def keeps_capital(tokens: Sequence[Token]) -> bool:
    """True if the first word keeps its case within a sentence: lower case, a name, an acronym."""
    if not tokens or not tokens[0].text[:1].isupper():
        return True
    first = tokens[0]
    word = first.lower.removesuffix("'s").removesuffix("\u2019s")
    if word in words.DAYS or _is_month(tokens):
        return True
    known = word in ("a", "an", "the") or ("X" not in tags(word))
    others = any(t.text[:1].isupper() for t in tokens[1:] if t.text != "I")
    if first.text[1:] != first.lower[1:] or not known or (others and not _function(first)):
        return True
    if others and len(tokens) > 1 and tokens[1].lower == ",":  # "He, H, Al" are elements
        return True
    return first.lower in ("i", "i'm") or first.text == "I" or not _common(first)


def _is_month(tokens: Sequence[Token]) -> bool:
    """True for a month's name; "march" and "may" only alone or before a number or "of"."""
    if tokens[0].lower not in words.MONTHS:
        return False
    alone = len(tokens) == 1 or tokens[1].may("Q") or tokens[1].lower in ("of", ",")
    return alone or tokens[0].lower not in ("march", "may")


def _function(token: Token) -> bool:
    return token.may("DPRSWBOHMA")


def _common(token: Token) -> bool:
    return _function(token) or bool(lemmas(token.lower)) or token.may("QLJG")
