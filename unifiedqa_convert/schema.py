"""The project's nouns: row, example, statement, record; Adapter and Source.

Adapters import this module, pydantic and the standard library, nothing else. Validators are built
when they are first used (``defer_build``), so that listing all datasets builds none.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from dataclasses import field as field_of
from types import NoneType
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import TypedDict as TypedDict  # the one that pydantic reads before 3.12

Partition = Literal["seen", "unseen-1", "unseen-2", "none"]
"""Vera's evaluation partitions (Liu et al. 2023, table 1); ``none`` for a dataset outside it."""

Verified = Literal["sha256", "real rows", "documentation only"]
"""With what an adapter was verified: published digests, some real rows, or only documentation."""


class FieldError(ValueError):
    """Raised by an adapter: the value of this raw field is not defined by the dataset."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"{value} is not a number")
    return value


NotBool = BeforeValidator(_no_bool)
"""For labels that are numbers: ``Literal[0, 1]`` alone accepts true as 1, as Python does."""

Text = Annotated[str, StringConstraints(pattern=r"\A[^\x00]*\z")]
"""A raw text field: any Unicode text without NUL; white space is kept as published.

A pattern: pydantic matches it in Rust, in 20 ns, and refuses lone surrogates (no file has them).
"""


def collapse(text: str) -> str:
    """Runs of white space (as of ``str.split``) become one space; the ends are stripped."""
    # All white space but the space is unprintable; this test takes a third of a split's time.
    if text.isprintable() and "  " not in text and text[:1] != " " != text[-1:]:
        return text
    return " ".join(text.split())


class NotAnExample(Exception):
    """Raised by an adapter: the authors exclude this row. It is counted as skipped, by reason.

    ``published`` is the example that UnifiedQA's program made of it nevertheless: only a profile
    that reproduces its files has it.
    """

    def __init__(self, reason: str, published: "Example | None" = None) -> None:
        super().__init__(reason)
        self.reason, self.published = reason, published


NO_ANSWER = "<No Answer>"
"""UnifiedQA's output for a question that has no answer."""
IN_PARTS = "answer-in-parts"
"""The flag of an example whose answers are the parts of one."""
BETWEEN_PARTS = "///"
"""What UnifiedQA writes between the parts of one answer."""


class CompanionFile(NamedTuple):
    """A file in the folder of the rows' file that adds one field to each row: labels, or pairs."""

    names: tuple[tuple[str, str], ...]
    """Its name: an ending of the rows' file name without suffix, and the other file's name, in
    which ``{}`` is the part before that ending: ``("", "{}-labels.lst")``."""
    field: str
    """The raw field that it adds. A row that has the field already must have the same value."""
    key: str | None = None
    """The raw field with a row's key in the file; None: one line per row, in the same order."""
    columns: tuple[str, ...] | None = None
    """The names of its columns, if it is a table without a header."""
    needed: bool = True
    """True if rows without the file are an error, in a split that has labels."""
    shared: bool = False
    """True if several rows have the same key, and the file also has the keys of other splits."""


class DistractorCandidate(NamedTuple):
    """One value that a row adds to its file's pool, from which other rows draw distractors."""

    among: str
    """Only rows with the same ``among`` draw it: the relation of a knowledge base's tail."""
    own: str
    """Rows with the same ``own`` never draw it: the head, whose tails are all true."""
    value: str
    """The text that is drawn."""


class DistractorPool(NamedTuple):
    """A first pass over the split's files: for each candidate of a row, values of other rows.

    The draws are a function of dataset, split, row number and the pool's content: per ``among``,
    the distinct values with the smallest hashes, in bounded memory and whatever the rows' order.
    """

    field: str
    """The raw field of the draws: a list of values for each of the row's candidates."""
    draws: int
    """Number of values per candidate; fewer if the pool has no more."""


class Row(BaseModel):
    """One raw record, exactly as its authors published it; a subclass is one raw shape.

    Fields are strict (``"1"`` is not ``1``); ``description`` states which part of an example they
    become and why. Keys that the shape does not name are ignored.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", defer_build=True)

    shape: ClassVar[str]
    """Its name, and its folder in the samples: ``authors``, ``hub``, ``superglue`` …"""
    element: ClassVar[str | None] = None
    """In XML: the tag of the element that is one row; ``*`` where each file is one."""
    inside: ClassVar[str | None] = None
    """In JSON with rows inside it: the way there, ``data.*.paragraphs.*.qas.*``; a row is an outer
    item with one inner item in the place of each list (``*``)."""
    splits: ClassVar[tuple[str, ...] | None] = None
    """The splits that have this shape; None: every split of the dataset."""
    columns: ClassVar[tuple[str, ...] | None] = None
    """In a csv, tsv or txt file without a header, or JSON arrays: the names of its columns."""
    beside: ClassVar[CompanionFile | None] = None
    """The file with the labels or pairs, if the authors keep them apart from the rows."""
    paired: ClassVar[tuple[str, str] | None] = None
    """Two rows make one: the field with a row's own key, and the field with its partner's key.
    The first of a pair gets the second's record as ``other``; the second one is skipped."""
    grouped: ClassVar[tuple[str, ...] | None] = None
    """Rows in sequence with the same values of these fields make one, which has all as ``rows``."""
    pool: ClassVar[DistractorPool | None] = None
    """The first pass that gives each row its distractors; see ``offers``."""
    own: ClassVar[Mapping[str, Any] | None] = None
    """In a user's own file: how it is read otherwise than the authors' (``rows/own``)."""
    first: ClassVar[int | None] = None
    """The number of rows that belong to the dataset; later ones are skipped and counted."""
    named: ClassVar[tuple[str, str] | None] = None
    """The raw field that the file's name gives, and the pattern of its start, whose group it is."""
    mixed: ClassVar[tuple[str, Mapping[str, str]] | None] = None
    """In a file of several splits: the raw field with a row's split, and what it calls each."""

    def offers(self) -> tuple[DistractorCandidate, ...]:
        """The values that it adds to the pool, if its shape has one."""
        return ()

    def quotes(self) -> Iterable[tuple[str, int, str]]:
        """Answers that it says are parts of a text, each with its start and that text."""
        return ()


class ExampleError(ValueError):
    """An example has a field of a wrong type, or fields that contradict each other.

    A mistake of the adapter that made it, and therefore no FieldError: it ends the conversion.
    ``field`` names the kind and the field: ``multiple_choice.golds``.
    """

    def __init__(self, example: "Example", field: str, reason: str) -> None:
        self.field = f"{example.kind}.{field}"
        self.reason = reason
        super().__init__(f"{self.field}: {reason}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """The meaning of a row, independent of its shape. One of the three kinds below.

    A dataclass that looks at its types itself: a pydantic model takes four times as long.
    ``pydantic.TypeAdapter`` gives its JSON schema, and reads it. Raises ExampleError.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    kind: ClassVar[str] = "example"
    id: str | None = None
    """The row's own id, if it has one that does not reveal the label; None otherwise."""
    question: str
    cue: str = ""
    """A second part of the question, in the dataset's own fixed words; one space before it."""
    context: str | None = None

    def __post_init__(self) -> None:
        _check_types(self)

    @property
    def question_text(self) -> str:
        """The question with its cue, either of which may be empty."""
        if not self.cue:
            return self.question
        return f"{self.question} {self.cue}" if self.question else self.cue


@dataclass(frozen=True, slots=True, kw_only=True, init=False)
class MultipleChoice(Example):
    """A question and its choices; gold is a set of positions, never a text."""

    kind: ClassVar[str] = "multiple_choice"
    choices: tuple[str, ...]
    golds: tuple[int, ...] | None = None
    """Positions in ``choices``, ascending; None if the dataset hides the answer."""
    sentences: tuple[str, ...] | None = None
    """One ready declarative sentence per choice, if the dataset has them."""
    order_matters: bool = True
    """False if the gold has a fixed position in the source, so that the order reveals it."""

    def __init__(
        self,
        *,
        id: str | None = None,
        question: str,
        cue: str = "",
        context: str | None = None,
        choices: tuple[str, ...],
        golds: tuple[int, ...] | None = None,
        sentences: tuple[str, ...] | None = None,
        order_matters: bool = True,
    ) -> None:
        # Each slot's own setter: most rows make this kind, object.__setattr__ takes twice as long.
        _set_id(self, id)
        _set_question(self, question)
        _set_cue(self, cue)
        _set_context(self, context)
        _set_choices(self, choices)
        _set_golds(self, golds)
        _set_sentences(self, sentences)
        _set_order_matters(self, order_matters)
        self.__post_init__()

    def __post_init__(self) -> None:
        own_id, context = self.id, self.context
        choices, golds, sentences = self.choices, self.golds, self.sentences
        if not (
            type(self.question) is type(self.cue) is str
            and (own_id is None or type(own_id) is str)
            and (context is None or type(context) is str)
            and _texts(choices)
            and (golds is None or type(golds) is tuple)
            and (sentences is None or _texts(sentences))
            and type(self.order_matters) is bool
        ):
            _check_types(self)
        if golds is not None:
            for gold in golds:
                if type(gold) is not int:
                    _check_types(self)
                if not 0 <= gold < len(choices):
                    reason = f"golds {golds} point outside {len(choices)} choices"
                    raise ExampleError(self, "golds", reason)
        if sentences is not None and len(sentences) != len(choices):
            reason = f"{len(sentences)} sentences for {len(choices)} choices"
            raise ExampleError(self, "sentences", reason)


_set_id, _set_question, _set_cue, _set_context = (
    vars(Example)[name].__set__ for name in ("id", "question", "cue", "context")
)
_set_choices, _set_golds, _set_sentences, _set_order_matters = (
    vars(MultipleChoice)[name].__set__
    for name in ("choices", "golds", "sentences", "order_matters")
)


class Published(NamedTuple):
    """What UnifiedQA's published files have otherwise than the example says; only the profiles that
    reproduce them read it.
    """

    question: str | None = None
    """The question there; None: the example's."""
    answers: tuple[str, ...] | None = None
    """The answers as the source lists them: equal ones, white space, parts of one answer."""
    appended: bool = False
    """True if the answer follows that of the row before, as a date does in DROP's contrast set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YesNo(Example):
    """A question, or a sentence to judge, whose answer is yes or no."""

    kind: ClassVar[str] = "yes_no"
    answer: bool | None = None
    sentence: str | None = None
    """The ready declarative sentence whose truth ``answer`` is."""
    published: Published | None = None

    def __post_init__(self) -> None:
        known = type(self.answer) in (bool, NoneType) and type(self.sentence) in (str, NoneType)
        if not (known and _usual(self)):
            _check_types(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeText(Example):
    """A question with one or more accepted answers; an empty tuple means unanswerable."""

    kind: ClassVar[str] = "free_text"
    answers: tuple[str, ...] | None = None
    parts: bool = False
    """True if the answers are parts of one answer (Quoref), not each a whole one (SQuAD)."""
    published: Published | None = None

    def __post_init__(self) -> None:
        usual = _usual(self) and type(self.parts) is bool
        if not (usual and (self.answers is None or _texts(self.answers))):
            _check_types(self)

    @property
    def references(self) -> tuple[str, ...]:
        """The whole answers, each of them right: different parts are joined by commas."""
        answers = self.answers or ()
        return (", ".join(dict.fromkeys(answers)),) if self.parts and answers else answers


def _usual(example: Example) -> bool:
    """Whether the fields that all kinds share have exactly their types."""
    own_id, context = example.id, example.context
    return (
        type(example.question) is type(example.cue) is str
        and (own_id is None or type(own_id) is str)
        and (context is None or type(context) is str)
    )


def _texts(values: object) -> bool:
    """Whether it is exactly a tuple of texts."""
    if type(values) is not tuple:
        return False
    try:
        "".join(values)  # refuses all but texts, in a third of the time of a loop
    except TypeError:
        return False
    return True


def _check_types(example: Example) -> None:
    """ExampleError for the first field of another type. Slow: asked where a field looks unusual."""
    for field in fields(example):
        declared: Any = field.type
        try:
            check = TypeAdapter(declared, config=ConfigDict(strict=True))
            check.validate_python(getattr(example, field.name))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, (field.name, *first["loc"])))
            reason = f"{first['msg']} (found {first['input']!r})"
            raise ExampleError(example, place, reason) from None


@dataclass(frozen=True)
class Split:
    """A split's size and its files' names. Dataclasses, because imports must be fast."""

    rows: int | None = None
    """The rows that belong to it; None if nobody has counted them."""
    names: tuple[str, ...] = ()
    """The authors' names of the split's file, by which ``--data-dir`` finds it."""
    parts: tuple[str, ...] = ()
    """The names of all its files in order, if the split has several."""
    labelled: bool = True
    """False if the authors hide the answers."""
    digest: str | None = None
    """That of its canonical question records (``datasets/proof.py``), if all were seen."""


@dataclass(frozen=True)
class PinnedFile:
    """One file of a repository at a commit, and what proves its bytes. Unseen values are None."""

    path: str
    bytes: int | None = None
    sha256: str | None = None
    git_blob: str | None = None
    """The id under which git lists it: ``sha1(b"blob " + length + NUL + bytes)``."""


Strength = Literal["sha256", "git blob", "commit", "lock"]
"""What proves the bytes of a split, the best first. ``commit``: the lock keeps the size and hash
that the host tells for it; ``lock``: the lock keeps the commit too."""


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A repository with the dataset's files, at a commit."""

    host: Literal["hub", "github"]
    """``hub``: a dataset repository on the Hugging Face hub; ``github``: the authors' own."""
    name: str
    """``owner/name``."""
    commit: str | None = None
    """40 hex digits. None: nobody has seen one; the first use looks it up and records it."""
    evidence: str = ""
    """How the commit and the hashes are known."""
    files: Mapping[str, tuple[PinnedFile, ...]] = field_of(default_factory=dict)
    """Of each split: the files of rows, then their companion files (labels, pairs). The first use
    finds a split that is not listed here in the commit's own listing, and records it."""
    splits: Mapping[str, str] | None = None
    """Further splits that it has, and what it calls them; None: those of ``files``, or, without
    any, every split, under our names."""
    config: str | None = None
    """The hub's name of the configuration, which is its files' folder too."""

    def has(self, split: str) -> bool:
        """True if the split lies in this repository."""
        anything = self.splits is None and not self.files
        return anything or split in self.files or split in (self.splits or ())

    def calls(self, split: str) -> str:
        """The repository's own name of the split."""
        return (self.splits or {}).get(split, split)

    def strength(self, split: str) -> Strength:
        """What proves the bytes of the split here."""
        files = self.files.get(split, ())
        if self.commit is None:
            return "lock"
        if not files or not all(file.sha256 or file.git_blob for file in files):
            return "commit"
        return "sha256" if all(file.sha256 for file in files) else "git blob"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a dataset's rows come from. Values that nobody has verified are None."""

    splits: Mapping[str, Split]
    license: str
    homepage: str
    citation: str
    repositories: tuple[Repository, ...] = ()
    """Where its files can be downloaded; of two that prove a split equally well, the first."""
    downloads: tuple[str, ...] = ()
    """Folders inside the authors' archives that hold its files, from the archive's top folder on
    (``OpenBookQA-V1-Sep2018/Data/Main``); an archive without a folder: its name without suffix."""
    redistributable: bool | None = None
    """None: unknown."""
    ask: str | None = None
    """What to do for rows that can't be downloaded freely, as the second half of an error's
    sentence: ``ask for the file at https://…, then give it with --raw``."""

    def having(self, split: str) -> list[Repository]:
        """The repositories that have the split, the best proven first."""
        found = [it for it in self.repositories if it.has(split)]
        return sorted(found, key=lambda it: get_args(Strength).index(it.strength(split)))


class Adapter(ABC):
    """One dataset: its facts, and one pure generator from a typed row to examples."""

    name: ClassVar[str]
    version: ClassVar[int]
    """Incremented when the same row gives other examples."""
    partition: ClassVar[Partition] = "none"
    verified: ClassVar[Verified]
    shapes: ClassVar[tuple[type[Row], ...]]
    """The raw shapes that it accepts, the embedded sample's first."""
    source: ClassVar[Source]
    subjects: ClassVar[tuple[str, ...]] = ()
    """Parts of every split; a row's is its ``subject``: a column, and `uqa convert --subject`."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Its other names, in lower case with ``_`` for ``-``, without ``source.repositories``' ids."""
    unclear: ClassVar[Mapping[str, str]] = {}
    """Names that are refused: they may mean this dataset, or another one, or what the words say."""

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Another dataset has other names: they are not inherited from its adapter."""
        super().__init_subclass__(**arguments)
        cls.aliases = vars(cls).get("aliases", ())
        cls.unclear = vars(cls).get("unclear", {})

    @abstractmethod
    def examples(self, row: Row) -> Iterator[Example]:
        """Yield the examples of ``row``, which has one of ``shapes``.

        Raise FieldError if a field is not what the dataset defines, instead of guessing, and
        NotAnExample if the authors exclude the row.
        """
