"""ATOMIC 2020: triples about everyday events, as statements (Hwang et al. 2021).

Each relation is worded as in the paper's table 1; irregular tails ("get the phone" for "to get the
phone", "Person x") are corrected by rules. Of what Vera's authors did, only an outline is published
(docs/formats.md lists the assumptions).
"""

import re
from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from converters.shared.english import upper_first, with_full_stop
from converters.vera_json import VeraRow, problem
from unifiedqa_convert.schema import (
    Adapter,
    DistractorCandidate,
    DistractorPool,
    Example,
    FieldError,
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

TEMPLATES = {
    "AtLocation": "{head} can be found at the location: {tail}",
    "CapableOf": "{head} can {tail}",
    "Causes": "{head} can cause {tail}",
    "Desires": "{head} desires {tail}",
    "HasProperty": "{head} can be characterized by being or having: {tail}",
    "HasSubEvent": "To {head} can include this: {tail}",
    "HinderedBy": "{head}. This can be hindered if {tail}",
    "MadeUpOf": "{head} can be made up of {tail}",
    "NotDesires": "{head} does not desire {tail}",
    "ObjectUse": "{head} can be used to {tail}",
    "isAfter": "After {tail}, {head}",
    "isBefore": "Before {tail}, {head}",
    "oEffect": "{head}. As a result, PersonY or others: {tail}",
    "oReact": "{head}. As a result, PersonY or others feel {tail}",
    "oWant": "{head}. As a result, PersonY or others want {to tail}",
    "xAttr": "{head}. PersonX is seen as {tail}",
    "xEffect": "{head}. As a result, PersonX {tail}",
    "xIntent": "{head} because PersonX wanted {to tail}",
    "xNeed": "{head}. But before, PersonX needed {to tail}",
    "xReact": "{head}. As a result, PersonX feels {tail}",
    "xReason": "The reason to {head} can be this: {tail}",
    "xWant": "{head}. As a result, PersonX wants {to tail}",
}
"""Relation → sentence; ``isFilledBy`` has none: the tail fills the head's blank."""
FILLED = "isFilledBy"
LISTED = tuple(name for name in TEMPLATES if name[:1] in "ox" and name != "xReason")
PERSON = re.compile(r"\bperson ?([xyz])(?:('s)|s)?\b", re.IGNORECASE)
BLANK = re.compile(r"_{2,}")
BLANK_NOUN = re.compile(r"\b(the|a|an) _{2,}")
NOUN = re.compile(r"(to|an?|the|more|some|his|her|their|Person[XYZ])\b")
PATH = "https://allenai.org/data/atomic-2020"


def clean(text: str) -> str:
    """One spelling of PersonX, Y and Z; white space collapsed; no final stop."""
    text = PERSON.sub(
        lambda m: f"Person{m[1].upper()}{chr(39) + 's' if m[0][-1] in 'sS' else ''}", text
    )
    return collapse(text).replace(" 's", "'s").replace(" ,", ",").rstrip(". ")


def inside_sentence(tail: str) -> str:
    """A tail inside a sentence: first letter in lower case, unless it is a name or an acronym."""
    word = tail.split(" ", 1)[0]
    kept = word.startswith("Person") or word == "I" or word[1:] != word[1:].lower()
    return tail if kept else tail[:1].lower() + tail[1:]


def stem(head: str, relation: str) -> str:
    """The statement with ``_`` for its tail."""
    if relation == FILLED:
        if len(BLANK.findall(head)) != 1:
            raise FieldError("head", f"holds {len(BLANK.findall(head))} blanks to fill, not one")
        return upper_first(BLANK.sub("_", head))
    # The head's own blank is not the tail's: it means any thing.
    head = BLANK.sub("something", BLANK_NOUN.sub(r"\1 thing", head))
    worded = {"head": head, "tail": "_", "to tail": "_"}
    return upper_first(TEMPLATES[relation].format_map(worded))


def fill_relation(question: str, tail: str, relation: str) -> str:
    """The question with the tail in its blank, after ``to`` if the relation needs it."""
    text = inside_sentence(tail)
    if "{to tail}" in TEMPLATES.get(relation, "") and not NOUN.match(text):
        text = f"to {text}"
    if relation == "xEffect" and text.startswith("PersonX "):
        text = text.removeprefix("PersonX ")  # the template contains it
    return upper_first(with_full_stop(question.replace("_", text)))


def known(relation: str) -> str:
    """The relation; FieldError if ATOMIC 2020 does not have it."""
    if relation != FILLED and relation not in TEMPLATES:
        raise FieldError("relation", f"{relation!r} is not a relation of ATOMIC 2020")
    return relation


class _KnowledgeRow(Row):
    """Base of the knowledge base's shapes: tails of one head, each with its distractors."""

    pool = DistractorPool("drawn", draws=3)
    drawn: list[list[str]] = Field(
        default=[],
        description="distractors of each tail: tails of the same relation and other heads",
    )

    @abstractmethod
    def triples(self) -> list[tuple[str, str, str]]:
        """Head, relation and tail, cleaned; a tail ``none`` is left out."""

    def offers(self) -> tuple[DistractorCandidate, ...]:
        """Each tail, drawn for the same relation, never for the same head."""
        return tuple(
            DistractorCandidate(relation, head, tail) for head, relation, tail in self.triples()
        )


def _triples(head: str, relation: str, tails: list[str]) -> list[tuple[str, str, str]]:
    cleaned = [clean(tail) for tail in tails]
    return [(clean(head), relation, t) for t in cleaned if t and t.casefold() != "none"]


class TripleRow(_KnowledgeRow):
    """The authors' train.tsv, dev.tsv and test.tsv: head, relation, tail, without a header."""

    shape = "authors"
    columns: ClassVar[tuple[str, ...] | None] = ("head", "relation", "tail")
    head: Text = Field(
        description="start of the statement; its blank and PersonX are spelled in one way"
    )
    relation: Text = Field(description="chooses the statement's template")
    tail: Text = Field(description="gold; a row with the tail none is skipped")

    def triples(self) -> list[tuple[str, str, str]]:
        """The row's triple; none if its tail is ``none``."""
        return _triples(self.head, self.relation, [self.tail])


class HubRow(TripleRow):
    """A copy in the authors' columns, which it names."""

    shape = "hub"
    columns = None


class GenerationRow(_KnowledgeRow):
    """The copy for text generation: ``head @@ relation``, a tab, and the tails separated by |."""

    shape = "generation"
    columns = ("query", "tails")
    query: Text = Field(description="head and relation, separated by @@")
    tails: Text = Field(description="golds, one example each; a tail none is left out")

    def triples(self) -> list[tuple[str, str, str]]:
        """One per tail."""
        head, mark, relation = self.query.rpartition(" @@ ")
        return _triples(head, relation.strip(), self.tails.split("|")) if mark else []


class Atomic2020(Adapter):
    """Which of four tails fits an everyday event and a relation?"""

    name = "atomic2020_3d"
    aliases = ("atomic2020", "atomic_2020", "atomic_20_20")
    unclear: ClassVar = {"atomic": "the first ATOMIC (Sap et al. 2019), which is not here"}
    version = 1
    partition = "seen"
    verified = "real rows"
    shapes: ClassVar = (TripleRow, HubRow, GenerationRow, VeraRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="ysginc/atomic",
                commit="8265d1fdf8c895473310cdaaf60f537b60c704b0",
                evidence="this commit's page on the hub; its tether.json gives columns and rows",
                splits={"train": "train", "validation": "dev", "test": "test"},
                files={
                    "train": (PinnedFile("train.parquet"),),
                    "validation": (PinnedFile("dev.parquet"),),
                    "test": (PinnedFile("test.parquet"),),
                },
            ),
        ),
        splits={
            "train": Split(rows=1076880, names=("train.tsv",)),
            "validation": Split(rows=102024, names=("dev.tsv",)),
            "test": Split(rows=152209, names=("test.tsv",)),
        },
        license="CC-BY-4.0",
        redistributable=True,
        ask="take atomic2020_data-feb2021.zip from https://allenai.org/data/atomic-2020 and give "
        "its folder with --data-dir",
        downloads=("atomic2020_data-feb2021",),
        homepage=PATH,
        citation="Hwang, Bhagavatula, Le Bras, Da, Sakaguchi, Bosselut and Choi 2021. "
        "(Comet-)Atomic 2020: On Symbolic and Neural Commonsense Knowledge Graphs. AAAI.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a tail, with three tails of other heads."""
        if isinstance(row, VeraRow):
            yield problem(row)
            return
        assert isinstance(row, _KnowledgeRow)
        if isinstance(row, GenerationRow) and " @@ " not in row.query:
            raise FieldError("query", "holds no @@ between head and relation")
        triples = row.triples()
        if not triples:
            raise NotAnExample("its tail is none")
        drawn = row.drawn or [[]] * len(triples)
        if len(drawn) != len(triples):
            raise FieldError("drawn", f"holds draws for {len(drawn)} of {len(triples)} tails")
        for (head, relation, tail), others in zip(triples, drawn, strict=True):
            question = stem(head, known(relation))
            choices = (tail, *others)
            yield MultipleChoice(
                question=question,
                choices=tuple(inside_sentence(choice) for choice in choices),
                golds=(0,),
                sentences=tuple(fill_relation(question, choice, relation) for choice in choices),
                order_matters=False,
            )
