"""GenericsKB: generic sentences about the world (Bhakthavatsalam, Anastasiades and Clark 2020).

A sentence is the gold; its distractors are the same sentence about other subjects of the base, in
the same number, so that the verb agrees. What Vera's authors did is known in outline only
(docs/formats.md says where this guesses).
"""

import re
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from pydantic import Field

from converters.shared.english import collapse, upper_first, with_full_stop
from converters.vera_json import VeraRow, problem
from unifiedqa_convert.schema import (
    Adapter,
    DistractorCandidate,
    DistractorPool,
    Example,
    MultipleChoice,
    NotAnExample,
    Row,
    Source,
    Split,
    Text,
)

ARTICLE = re.compile(r"(an?|the) ", re.IGNORECASE)
PART = re.compile(r"\((?:part|isa)\) ")
SOUNDED = re.compile(r"(?!one\b|uni|eu|us[aeu])[aeiou]|h(?:our|onest|eir)", re.IGNORECASE)
ELSEWHERE = "its term is not its sentence's subject"


class Generic(NamedTuple):
    """A sentence taken apart: ``An`` ``aardvark`` ``digs holes.``"""

    article: str
    subject: str
    rest: str
    form: str
    """What another subject must share to stand there: ``article``, ``bare`` or ``plural``."""


def plurals(word: str) -> set[str]:
    """How the last word of a term may end as a plural."""
    forms = {f"{word}s", f"{word}es"}
    if word.endswith("y"):
        forms.add(f"{word[:-1]}ies")
    if word.endswith(("f", "fe")):
        forms.add(f"{word.rstrip('e')[:-1]}ves")
    if word.endswith("man"):
        forms.add(f"{word[:-3]}men")
    return forms


def parse_generic(term: str, sentence: str) -> Generic | None:
    """The sentence's subject and the rest, where the subject is the term; None where it is not."""
    text = PART.sub("", collapse(sentence))
    found = ARTICLE.match(text)
    article = found[0] if found else ""
    words, wanted = text[len(article) :].split(" "), collapse(term).casefold().split(" ")
    own = [word.casefold() for word in words[: len(wanted)]]
    if len(words) <= len(wanted) or own[:-1] != wanted[:-1] or not wanted[-1]:
        return None
    if own[-1] == wanted[-1]:
        form = "article" if article else "bare"
    elif own[-1] in plurals(wanted[-1]):
        form = "plural"
    else:
        return None
    subject = " ".join([*wanted[:-1], own[-1]])
    return Generic(article.strip().lower(), subject, " ".join(words[len(wanted) :]), form)


def about(subject: str, generic: Generic) -> str:
    """The same said about another subject."""
    article = generic.article
    if article in ("a", "an"):
        article = "an" if SOUNDED.match(subject) else "a"
    return upper_first(with_full_stop(" ".join(filter(None, [article, subject, generic.rest]))))


class _Sentence(Row):
    """What the shapes share: a term, a sentence about it, and the subjects drawn for it."""

    pool = DistractorPool("drawn", draws=3)
    term: Text = Field(description="the subject, as the base normalises it")
    sentence: Text = Field(
        description="gold; the term at its beginning is what distractors replace"
    )
    drawn: list[list[str]] = Field(
        default=[], description="three other subjects of the base, of the same number"
    )

    def offers(self) -> tuple[DistractorCandidate, ...]:
        """The sentence's subject, among those of its form, owned by its own rest."""
        generic = parse_generic(self.term, self.sentence)
        if generic is None:
            return ()
        # What is said of several subjects is true of each of them.
        return (DistractorCandidate(generic.form, generic.rest.casefold(), generic.subject),)


class TsvRow(_Sentence):
    """The authors' GenericsKB.tsv and GenericsKB-Best.tsv, with a header."""

    shape = "authors"
    term: Text = Field(alias="TERM", description="the subject, as the base normalises it")
    sentence: Text = Field(
        alias="GENERIC SENTENCE",
        description="gold; the term at its beginning is what distractors replace",
    )


class HubRow(_Sentence):
    """The hub's columns."""

    shape = "hub"
    sentence: Text = Field(
        alias="generic_sentence",
        description="gold; the term at its beginning is what distractors replace",
    )


class ThreeColumnsRow(_Sentence):
    """The short copy: term, sentence, score, without a header."""

    shape = "three_columns"
    columns = ("term", "sentence", "score")


class GenericsKB(Adapter):
    """Of which of four subjects is the sentence true?"""

    name = "genericskb_3d"
    version = 1
    partition = "seen"
    verified = "real rows"
    shapes: ClassVar = (TsvRow, HubRow, VeraRow, ThreeColumnsRow)
    source = Source(
        splits={
            "train": Split(rows=1020868, names=("GenericsKB-Best.tsv", "genericskb_3d/train.json")),
            "validation": Split(names=("genericskb_3d/dev.json",)),
        },
        license="CC-BY-4.0",
        redistributable=True,
        homepage="https://allenai.org/data/genericskb",
        citation="Bhakthavatsalam, Anastasiades and Clark 2020. GenericsKB: A Knowledge Base of "
        "Generic Statements. arXiv 2005.00660.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a sentence: its subject, and three others."""
        if isinstance(row, VeraRow):
            yield problem(row)
            return
        assert isinstance(row, _Sentence)
        generic = parse_generic(row.term, row.sentence)
        if generic is None:
            raise NotAnExample(ELSEWHERE)
        choices = (generic.subject, *(row.drawn[0] if row.drawn else ()))
        article = f"{generic.article} " if generic.article in ("the",) else ""
        yield MultipleChoice(
            question=upper_first(with_full_stop(f"{article}_ {generic.rest}")),
            choices=choices,
            golds=(0,),
            sentences=tuple(about(choice, generic) for choice in choices),
            order_matters=False,
        )
