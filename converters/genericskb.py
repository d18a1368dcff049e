"""GenericsKB: generic sentences about the world (Bhakthavatsalam, Anastasiades and Clark 2020).

A sentence is the gold; its distractors are the same sentence about other subjects of the knowledge
base, in the same grammatical number, so that the verb agrees. Of what Vera's authors did, only an
outline is published (docs/formats.md lists the assumptions).
"""

import re
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from pydantic import Field

from converters.shared.english import upper_first, with_full_stop
from converters.vera_json import VeraRow, problem
from unifiedqa_convert.schema import (
    Adapter,
    DistractorCandidate,
    DistractorPool,
    Example,
    MultipleChoice,
    NotAnExample,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
    collapse,
)

ARTICLE = re.compile(r"(an?|the) ", re.IGNORECASE)
PART = re.compile(r"\((?:part|isa)\) ")
VOWEL_SOUND = re.compile(r"(?!one\b|uni|eu|us[aeu])[aeiou]|h(?:our|onest|eir)", re.IGNORECASE)
ELSEWHERE = "its term is not its sentence's subject"


class Generic(NamedTuple):
    """The parts of a sentence: ``An`` ``aardvark`` ``digs holes.``"""

    article: str
    subject: str
    rest: str
    form: str
    """``article``, ``bare`` or ``plural``: only subjects of the same form replace this one."""


def plurals(word: str) -> set[str]:
    """Possible plurals of the last word of a term."""
    forms = {f"{word}s", f"{word}es"}
    if word.endswith("y"):
        forms.add(f"{word[:-1]}ies")
    if word.endswith(("f", "fe")):
        forms.add(f"{word.rstrip('e')[:-1]}ves")
    if word.endswith("man"):
        forms.add(f"{word[:-3]}men")
    return forms


def parse_generic(term: str, sentence: str) -> Generic | None:
    """The sentence's subject and its rest, if the subject is the term; None if it is not."""
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


def with_subject(subject: str, generic: Generic) -> str:
    """The sentence about another subject."""
    article = generic.article
    if article in ("a", "an"):
        article = "an" if VOWEL_SOUND.match(subject) else "a"
    return upper_first(with_full_stop(" ".join(filter(None, [article, subject, generic.rest]))))


class _Sentence(Row):
    """Base of the shapes: a term, a sentence about it, and the subjects drawn as distractors."""

    pool = DistractorPool("drawn", draws=3)
    term: Text = Field(description="the subject, as the knowledge base normalises it")
    sentence: Text = Field(description="gold; distractors replace the term at its beginning")
    drawn: list[list[str]] = Field(
        default=[], description="three other subjects of the knowledge base, of the same form"
    )

    def offers(self) -> tuple[DistractorCandidate, ...]:
        """The sentence's subject, drawn for the same form, never for the same rest."""
        generic = parse_generic(self.term, self.sentence)
        if generic is None:
            return ()
        # A sentence that occurs with several subjects is true of each of them.
        return (DistractorCandidate(generic.form, generic.rest.casefold(), generic.subject),)


class TsvRow(_Sentence):
    """The authors' GenericsKB.tsv and GenericsKB-Best.tsv, with a header."""

    shape = "authors"
    term: Text = Field(alias="TERM", description="the subject, as the knowledge base normalises it")
    sentence: Text = Field(
        alias="GENERIC SENTENCE",
        description="gold; distractors replace the term at its beginning",
    )


class HubRow(_Sentence):
    """The hub's columns."""

    shape = "hub"
    sentence: Text = Field(
        alias="generic_sentence",
        description="gold; distractors replace the term at its beginning",
    )


class ThreeColumnsRow(_Sentence):
    """A copy of three columns, without a header: term, sentence, score."""

    shape = "three_columns"
    columns = ("term", "sentence", "score")


class GenericsKB(Adapter):
    """Of which of four subjects is the sentence true?"""

    name = "genericskb_3d"
    aliases = ("genericskb", "generics_kb", "genericskb_best")
    version = 1
    partition = "seen"
    verified = "real rows"
    shapes: ClassVar = (TsvRow, HubRow, VeraRow, ThreeColumnsRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="community-datasets/generics_kb",
                commit="aba8bf00c76fe8cfd87bc6abd861b5c3f6d8acfc",
                evidence="this commit's page on the hub, main's last one",
                config="generics_kb_best",
                splits={"train": "train"},
                files={"train": (PinnedFile("generics_kb_best/train-00000-of-00001.parquet"),)},
            ),
        ),
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
        """One multiple-choice example a sentence: its subject and three others."""
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
            sentences=tuple(with_subject(choice, generic) for choice in choices),
            order_matters=False,
        )
