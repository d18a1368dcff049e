"""What an answer that is a clause has in common with its question: the subject, the verbs."""

import re
from collections.abc import Sequence
from itertools import pairwise

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.rules.lexicon import noun_number, verb_lemma
from unifiedqa_convert.question_converters.rules.predicate import is_adverb
from unifiedqa_convert.question_converters.rules.tokens import Token, is_name

_SHORT_VERB = re.compile(
    r"(he|she|it|they|we|you|i|that|there)['\u2019](s|re|ve|ll|m|d)\b", re.IGNORECASE
)
_FULL_VERB = {"s": "is", "re": "are", "ve": "have", "ll": "will", "m": "am", "d": "would"}
_THIRD = frozenset("he she it they".split())
SPEAKERS = frozenset("i you we one".split())
OBJECT_PRONOUNS = frozenset("it them him her there this that".split())
DOING = frozenset("do doing done".split())
JOBS = frozenset("job profession occupation trade career".split())
_ABSTRACT = ("ness", "tion", "ment", "ship", "ity", "ism", "problem", "reason", "plan")


def expanded(answer: Answer) -> Answer:
    """The answer with its first verb in full: "he's a cook" → "he is a cook"."""
    m = _SHORT_VERB.match(answer.text)
    if m is None:
        return answer
    rest = answer.text[m.end() :]
    participle = re.match(r" (?:been|had|got)\b", rest)
    short = m[2].lower()
    verb = "has" if short == "s" and participle else _FULL_VERB[short]
    return Answer(f"{m[1]} {verb}{rest}")


def same_subject(answer: Answer, subject: Sequence[Token]) -> int:
    """The number of the answer's words that name the question's subject; 0 if they don't."""
    first = answer.tokens[0]
    if not subject:
        return 0
    if first.may("R") and len(answer.tokens) > 1:
        verb = next((t for t in answer.tokens[1:] if not is_adverb(t)), answer.tokens[1])
        return int(verb.may("BOHMVZT") and _stands_for(first.lower, subject))
    asked = _undetermined(subject)
    skipped = len(answer.tokens) - len(_undetermined(answer.tokens))
    size = skipped + len(asked)
    said = [t.lower for t in answer.tokens[skipped:size]]
    return size if said == [t.lower for t in asked] and size < len(answer.tokens) else 0


def _undetermined(tokens: Sequence[Token]) -> Sequence[Token]:
    determined = len(tokens) > 1 and tokens[0].lower in ("a", "an", "the")
    return tokens[1:] if determined else tokens


def _stands_for(pronoun: str, subject: Sequence[Token]) -> bool:
    """True if a pronoun may stand for the question's subject."""
    last = _head_of(subject)
    if len(subject) == 1 and last.may("R"):
        both = {pronoun, last.lower}
        return len(both) == 1 or both <= SPEAKERS or ("they" in both and not both & SPEAKERS)
    if pronoun not in _THIRD:
        return False
    if pronoun == "it":
        person = last.lower in words.PERSONS or (is_name(last) and len(subject) == 1)
        return not person and noun_number(last.lower) != "plural"
    if pronoun in ("he", "she"):
        owned = any(t.may("L") for t in subject[:-1]) and last.lower not in JOBS
        return last.lower in words.PERSONS or (
            noun_number(last.lower) != "plural" and not owned and not last.lower.endswith(_ABSTRACT)
        )
    return True


def _head_of(subject: Sequence[Token]) -> Token:
    """The head of a noun phrase: the last word before a preposition or clause."""
    for i, token in enumerate(subject[1:], 1):
        if token.may("PSKW") or token.lower in words.RELATIVES:
            return subject[i - 1]
    return subject[-1]


def from_token(answer: Answer, token: Token) -> str:
    """The answer's text from one of its words on."""
    return answer.text[token.start :]


def before_tail(tokens: Sequence[Token]) -> Sequence[Token]:
    """A subject without a subordinate clause after it: "Jonah when the phone rang"."""
    for i, token in enumerate(tokens[1:], 1):
        if token.may("S") or token.lower in LATER:
            return tokens[:i]
    return tokens


LATER = frozenset("after before since until during".split())


def repeats(asked: Sequence[Token], answer: Answer) -> bool:
    """True if the answer has most of these words of the question, so that it is a statement."""
    content = {
        t.lower[:4]
        for t in asked
        if t.may("NVZTEGJX") and not t.may("BOHMWR") and t.lower not in words.ADVERBS
    }
    said = {t.lower[:4] for t in answer.tokens}
    return bool(content) and len(content & said) >= 0.75 * len(content)


def same_word(asked: Token, said: Token) -> bool:
    """True for the same word, or another form of the same verb."""
    if asked.lower == said.lower:
        return True
    verbs = asked.may("VZTEGBOH") and said.may("VZTEGBOH")
    return verbs and verb_lemma(asked.lower) == verb_lemma(said.lower)


def acts_again(rest: Sequence[Token]) -> bool:
    """True if a second verb follows: "ate an egg and drank milk"."""
    joined = ((a, b) for a, b in pairwise(rest) if a.lower in ("and", "but"))
    return any(b.may("T") and not b.may("N") for _, b in joined)
