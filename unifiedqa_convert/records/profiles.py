r"""How records are written: profiles as data, each with its proof.

``canonical``        this project's: collapsed white space, ``(a)``, one space each side of \n.
``unifiedqa``        the published files of allenai/unifiedqa, byte for byte where they are known.
``unifiedqa-train``  the same as UnifiedQA's checkpoints were trained on: tasks.py's normalize_text.
``rainier``          the files of Vera's authors (Rainier's), which their prepare_data.py reads.

Recipes choose among them: ``clean`` is canonical, ``vera`` is rainier.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from string import ascii_lowercase, ascii_uppercase
from typing import Literal

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.schema import Example, collapse

Recipe = Literal["clean", "vera"]
Records = Literal["question", "declarative", "both"]

_TO_ASCII_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def published(text: str) -> str:
    """UnifiedQA's cleaning: a tab becomes a space, a line end is removed, nothing is stripped.

    Proof: commonsenseqa dev has tabs in stems, Rainier's csqa2 dev a line end in a question; this
    gives the sha256 of both published files.
    """
    return text.replace("\t", " ").replace("\r", "").replace("\n", "")


def spaced(text: str) -> str:
    """UnifiedQA's cleaning of PIQA and SocialIQA: a line feed becomes a space, a CR is kept.

    Proof: encode_datasets.py at 0977478. The sha256 of both published dev files is equal, but they
    have no line ends; PIQA's train has three.
    """
    return text.replace("\t", " ").replace("\n", " ")


def seen_in_training(text: str) -> str:
    """tasks.py's normalize_text: ASCII letters in lower case, the outermost pair of quotes removed.

    ``tf.strings.lower`` does not change letters outside ASCII, and the pattern is greedy: "It's
    Bob's dog" loses both apostrophes, "don't" keeps its only one.
    """
    return re.sub("'(.*)'", r"\1", text.translate(_TO_ASCII_LOWER))


@dataclass(frozen=True)
class Quirk:
    """How one dataset's published TSV differs from ``input ⇥ output``."""

    proof: str
    """The published file whose sha256 is reproduced, or the upstream line."""
    pad: str = ""
    """On both sides of the tab."""
    end: str = ""
    """Before the line end."""
    unlabelled: str = "-"
    """The output of a row without label."""
    blank: str | None = None
    """The text in place of the blank ``_`` of a question."""
    each_choice: bool = False
    """In TSV one line per choice, ``question \\n choice`` and yes or no: several are gold."""
    merged: Mapping[str, str] = field(default_factory=dict)
    """Choices that are left out, each with the choice that becomes gold instead of it."""
    clean: Callable[[str], str] | None = None
    """Applied to every field instead of the profile's ``clean``."""
    context: bool = True
    """Whether a context is written."""
    as_paired: bool = False
    """True if rows have the order, and the numbers, of the file that pairs them."""
    unknown: str = ""
    """What is not known of the published file, whose bytes are therefore not reproduced."""


_NO_QUIRK = Quirk("input ⇥ output")


@dataclass(frozen=True)
class Profile:
    """How a record is written."""

    name: str
    clean: Callable[[str], str] = collapse
    """Applied to every field."""
    whole: Callable[[str], str] = str
    """Applied to the whole input and to the whole output."""
    letters: str = ascii_lowercase
    empty: str = "({})"
    """An empty choice; published files keep the space before its text."""
    separator: str = r" \n "
    no_question: str | None = None
    """Written before the choices if the question is empty; None: the separator."""
    cue: bool = True
    """True if a dataset's cue follows its question."""
    hash_free_order: bool = True
    """Order choices by a hash if the source's order reveals the gold."""
    quirks: Mapping[str, Quirk] = field(default_factory=dict)
    published_by: str = ""
    """Whose files it reproduces."""
    datasets: frozenset[str] = frozenset()
    """The datasets of which there are such files."""
    otherwise: frozenset[str] = frozenset()
    """Those that upstream's program writes in a form of their own, which is not reproduced."""
    own: Quirk = _NO_QUIRK
    """The quirk of one dataset; set by ``of``."""

    def not_published(self, dataset: str) -> str | None:
        """What is to be said of a dataset of which there are no such files, or of whose files
        something is not known; None of others.
        """
        if (unknown := self.quirks.get(dataset, _NO_QUIRK).unknown) and self.published_by:
            known = f"only the size of {self.published_by}'s files of {dataset} is known"
            return f"profile {self.name}: {known}, not {unknown}: these rows may differ from them"
        if not self.published_by or dataset in self.datasets:
            return None
        if dataset in self.otherwise:
            what = f"of its own, in which {self.published_by} encodes {dataset}, is not written yet"
            return f"profile {self.name}: the form {what}; the rows have that of its other datasets"
        return (
            f"profile {self.name}: {self.published_by} never encoded {dataset}; its rows are "
            "written as those of other datasets, and no published file proves that"
        )

    def of(self, dataset: str) -> "Profile":
        """The profile with the quirk of one dataset."""
        own = self.quirks.get(dataset, _NO_QUIRK)
        return replace(self, own=own, clean=own.clean or self.clean)

    def question_text(self, example: Example) -> str:
        """The question with the cue, if the profile writes it, and its blank as published.

        Not cleaned.
        """
        text = example.question_text if self.cue else example.question
        return text if self.own.blank is None else text.replace("_", self.own.blank)

    @cached_property
    def plain(self) -> bool:
        """True if it collapses white space and changes nothing else, as ``canonical`` does.

        A cleaned field is then equal to ``normal``'s.
        """
        own = (self.clean, self.whole, self.separator, self.no_question, self.cue, self.own)
        plain = own == (collapse, str, r" \n ", None, True, _NO_QUIRK)
        return plain and self.letters == ascii_lowercase

    def normal(self, text: str) -> str:
        """A field as it is in a record, and as ``parse`` returns it."""
        return self.whole(self.clean(text)).strip()


_WINOGRANDE = Quirk("winogrande_l/dev.tsv, winogrande_s/test.tsv", pad=" ", end=" ", unlabelled="")
_UNIFIEDQA: dict[str, Quirk] = {
    "social_iqa": Quirk("social_iqa/dev.tsv", pad=" ", clean=spaced),
    "physical_iqa": Quirk("physical_iqa/dev.tsv", pad=" ", clean=spaced),
    **{f"winogrande_{size}": _WINOGRANDE for size in ("xs", "s", "m", "l", "xl", "debiased")},
}
_ELEVEN = {"zero": "no"}
# Rainier uses UnifiedQA's files of UnifiedQA's datasets; its authors wrote the others.
_RAINIER: dict[str, Quirk] = {
    **_UNIFIEDQA,
    "numersense": Quirk("rainier numersense/dev.tsv", blank="<mask>", merged=_ELEVEN),
    "numersense_new": Quirk("rainier numersense_new/dev.tsv", merged=_ELEVEN),
    "truthfulqa_mc2": Quirk("rainier truthfulqa_mc2/dev.tsv", each_choice=True),
    # Only the sizes of these files are known: dev, train and test have 160, 152 and 149 bytes a
    # row. Question, choices and answer have about 140 (MetaICL's 16 rows), the para 95 more.
    "quartz": Quirk(
        "rainier quartz/*.tsv, by their sizes", context=False, unknown="the form of their rows"
    ),
    # By its size too: dev has exactly the bytes of question, choices and answer. The order of its
    # choices is unknown: none of the 24 fixed ones gives the published sha256.
    "sciq": Quirk(
        "rainier sciq/dev.tsv, by its size", context=False, unknown="the order of their choices"
    ),
    "com2sense_paired": Quirk("rainier com2sense_paired/dev.tsv", as_paired=True),
}
# encode_datasets.py at 0977478 and the files in the public bucket.
_UNIFIEDQAS = frozenset(
    "ai2_science_elementary ai2_science_middle arc_easy arc_hard commonsenseqa openbookqa "
    "physical_iqa qasc social_iqa winogrande_xs winogrande_s winogrande_m winogrande_l "
    "winogrande_xl winogrande_debiased".split()
)
_OTHERWISE = frozenset(
    "adversarialqa_dbert adversarialqa_dbidaf adversarialqa_droberta ambigqa aqua_rat boolq "
    "boolq_np codah contrast_sets_boolq contrast_sets_drop contrast_sets_quoref "
    "contrast_sets_ropes cosmosqa covidqa csqa2 dream drop duorc_paraphrase duorc_self head_qa "
    "hotpotqa mcscript mcscript2 mctest_mc160 mctest_mc500 mmlu multirc narrativeqa "
    "natural_questions newsqa onestopqa processbank prost pubmedqa pubmedqa_artificial "
    "pubmedqa_unlabeled qaconv quail quoref race_c race_high race_middle reclor record ropes "
    "searchqa squad1_1 squad2 strategyqa triviaqa tweetqa".split()
)
_RAINIERS = _UNIFIEDQAS | frozenset(
    "alphanli codah com2sense com2sense_paired comve_a copa creak csqa2 cycic_mc hellaswag "
    "numersense numersense_new prost quarel quartz riddlesense sciq spatial_cs story_cloze_test "
    "strategyqa swag truthfulqa_mc1 truthfulqa_mc2 wsc273".split()
)
_SPACED = {name: Quirk("see spaced", clean=spaced) for name in ("social_iqa", "physical_iqa")}

_PROFILES = (
    Profile("canonical"),
    Profile(
        "unifiedqa",
        clean=published,
        empty="({}) ",
        letters=ascii_uppercase,
        hash_free_order=False,
        quirks=_UNIFIEDQA,
        published_by="allenai/unifiedqa",
        datasets=_UNIFIEDQAS,
        otherwise=_OTHERWISE,
    ),
    Profile(
        "unifiedqa-train",
        clean=published,
        empty="({}) ",
        whole=seen_in_training,
        hash_free_order=False,
        quirks=_SPACED,
        published_by="allenai/unifiedqa",
        datasets=_UNIFIEDQAS,
        otherwise=_OTHERWISE,
    ),
    Profile(
        "rainier",
        clean=published,
        empty="({}) ",
        letters=ascii_uppercase,
        no_question=r"\n ",  # proof: comve_a/dev.tsv
        cue=False,
        hash_free_order=False,
        quirks=_RAINIER,
        published_by="Rainier",
        datasets=_RAINIERS,
    ),
)
PROFILES: dict[str, Profile] = {profile.name: profile for profile in _PROFILES}
RECIPES: dict[Recipe, str] = {"clean": "canonical", "vera": "rainier"}


def profile_named(name: str) -> Profile:
    """The profile of that name; UsageError lists the names if there is none."""
    try:
        return PROFILES[name]
    except KeyError:
        raise UsageError(f"no profile {name!r}; there are: {', '.join(PROFILES)}") from None
