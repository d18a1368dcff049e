"""ATOMIC 2020: triples of everyday events, made statements (Hwang et al. 2021).

Each relation is worded as in the paper's table 1; a tail's own slips ("get the phone" for "to get
the phone", "Person x") are mended where a rule can. What Vera's authors did is known in outline
only (docs/formats.md says where this guesses).
"""

import re
from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from converters.shared.english import collapse, upper_first, with_full_stop
from converters.vera_json import VeraRow, problem
from unifiedqa_convert.schema import (
    Adapter,
    DistractorCandidate,
    DistractorPool,
    Example,
    FieldError,
    MultipleChoice,
    NotAnExample,
    Row,
    Source,
    Split,
    Text,
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
"""How a triple reads; ``isFilledBy`` has none: its tail goes into its head's blank."""
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
    """A tail inside a sentence: its first letter lower, unless it is a name or an acronym."""
    word = tail.split(" ", 1)[0]
    kept = word.startswith("Person") or word == "I" or word[1:] != word[1:].lower()
    return tail if kept else tail[:1].lower() + tail[1:]


def stem(head: str, relation: str) -> str:
    """The statement with ``_`` where its tail belongs."""
    if relation == FILLED:
        if len(BLANK.findall(head)) != 1:
            raise FieldError("head", f"holds {len(BLANK.findall(head))} blanks to fill, not one")
        return upper_first(BLANK.sub("_", head))
    # Where the head's own blank is not what is asked for, it is some thing or other.
    head = BLANK.sub("something", BLANK_NOUN.sub(r"\1 thing", head))
    worded = {"head": head, "tail": "_", "to tail": "_"}
    return upper_first(TEMPLATES[relation].format_map(worded))


def fill_relation(question: str, tail: str, relation: str) -> str:
    """The sentence: the tail in the blank, with the ``to`` that its relation wants."""
    text = inside_sentence(tail)
    if "{to tail}" in TEMPLATES.get(relation, "") and not NOUN.match(text):
        text = f"to {text}"
    if relation == "xEffect" and text.startswith("PersonX "):
        text = text.removeprefix("PersonX ")  # the template has named them
    return upper_first(with_full_stop(question.replace("_", text)))


def known(relation: str) -> str:
    """The relation, if it is one of ATOMIC 2020's."""
    if relation != FILLED and relation not in TEMPLATES:
        raise FieldError("relation", f"{relation!r} is none of ATOMIC 2020's")
    return relation


class _Triples(Row):
    """What the shapes of the knowledge base share: some tails of one head, each with its draws."""

    pool = DistractorPool("drawn", draws=3)
    drawn: list[list[str]] = Field(
        default=[], description="distractors of each tail: others of its relation, never the head's"
    )

    @abstractmethod
    def triples(self) -> list[tuple[str, str, str]]:
        """Head, relation and tail, cleaned; ``none`` says that there is no tail."""

    def offers(self) -> tuple[DistractorCandidate, ...]:
        """Each tail, among its relation's, owned by its head."""
        return tuple(
            DistractorCandidate(relation, head, tail) for head, relation, tail in self.triples()
        )


def _told(head: str, relation: str, tails: list[str]) -> list[tuple[str, str, str]]:
    cleaned = [clean(tail) for tail in tails]
    return [(clean(head), relation, t) for t in cleaned if t and t.casefold() != "none"]


class TripleRow(_Triples):
    """The authors' train.tsv, dev.tsv and test.tsv: head, relation, tail, without a header."""

    shape = "authors"
    columns = ("head", "relation", "tail")
    head: Text = Field(
        description="the statement's beginning, its blank and PersonX in one spelling"
    )
    relation: Text = Field(description="which template words the statement")
    tail: Text = Field(description="gold; a row whose tail is none is skipped")

    def triples(self) -> list[tuple[str, str, str]]:
        """The row's own."""
        return _told(self.head, self.relation, [self.tail])


class GenerationRow(_Triples):
    """The copy for generation: ``head @@ relation``, a tab, and the tails with | between."""

    shape = "generation"
    columns = ("query", "tails")
    query: Text = Field(description="head and relation, with @@ between")
    tails: Text = Field(description="golds, one example each; those that are none are left out")

    def triples(self) -> list[tuple[str, str, str]]:
        """One per tail."""
        head, mark, relation = self.query.rpartition(" @@ ")
        return _told(head, relation.strip(), self.tails.split("|")) if mark else []


class Atomic2020(Adapter):
    """Which of four tails continues an everyday event as its relation says?"""

    name = "atomic2020_3d"
    version = 1
    partition = "seen"
    verified = "real rows"
    shapes: ClassVar = (TripleRow, GenerationRow, VeraRow)
    source = Source(
        splits={
            "train": Split(rows=1076880, names=("train.tsv",)),
            "validation": Split(rows=102024, names=("dev.tsv",)),
            "test": Split(rows=152209, names=("test.tsv",)),
        },
        license="CC-BY-4.0",
        redistributable=True,
        homepage=PATH,
        citation="Hwang, Bhagavatula, Le Bras, Da, Sakaguchi, Bosselut and Choi 2021. "
        "(Comet-)Atomic 2020: On Symbolic and Neural Commonsense Knowledge Graphs. AAAI.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a tail: the gold, and three tails of other heads."""
        if isinstance(row, VeraRow):
            yield problem(row)
            return
        assert isinstance(row, _Triples)
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
