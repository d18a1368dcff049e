r"""How records are written: profiles as data, each with its proof.

``canonical``        this project's: collapsed white space, ``(a)``, one space each side of \n.
``unifiedqa``        the published files of allenai/unifiedqa, byte for byte where they are known;
                     ``unifiedqa:mctest`` is another of a dataset's published folders.
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
from unifiedqa_convert.records.cleaning import RAW, Clean, published
from unifiedqa_convert.records.published_forms import UNIFIEDQA, WINOGRANDE, Quirk
from unifiedqa_convert.schema import Example, collapse

Recipe = Literal["clean", "vera"]
Records = Literal["question", "declarative", "both"]

_TO_ASCII_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def seen_in_training(text: str) -> str:
    """tasks.py's normalize_text: ASCII letters in lower case, the outermost pair of quotes removed.

    ``tf.strings.lower`` does not change letters outside ASCII, and the pattern is greedy: "It's
    Bob's dog" loses both apostrophes, "don't" keeps its only one.
    """
    return re.sub("'(.*)'", r"\1", text.translate(_TO_ASCII_LOWER))


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
    quirks: Mapping[str, tuple[Quirk, ...]] = field(default_factory=dict)
    """Of a dataset, the form of each published folder, the usual one first."""
    folder: str = ""
    """The published folder that was asked for; empty: the usual one."""
    published_by: str = ""
    """Whose files it reproduces."""
    datasets: frozenset[str] = frozenset()
    """The datasets of which there are such files."""
    own: Quirk = _NO_QUIRK
    """The quirk of one dataset; set by ``of``."""

    def not_published(self, dataset: str) -> str | None:
        """What is to be said of a dataset of which there are no such files, or of whose files
        something is not known; None of others.
        """
        if not self.published_by:
            return None
        if unknown := self.of(dataset).own.unknown:
            return f"profile {self.name}: {unknown}: these rows may differ from them"
        if dataset in self.datasets:
            return None
        return (
            f"profile {self.name}: {self.published_by} never encoded {dataset}; its rows are "
            "written as those of other datasets, and no published file proves that"
        )

    def of(self, dataset: str) -> "Profile":
        """The profile with the quirk of one dataset; UsageError if it has no such folder."""
        forms = self.quirks.get(dataset, (_NO_QUIRK,))
        chosen = [form for form in forms if self.folder in ("", form.folder)]
        if not chosen:
            names = ", ".join(form.folder or dataset for form in forms)
            what = f"profile {self.name}: {self.published_by} has no folder {self.folder}"
            raise UsageError(f"{what} of {dataset}; it has: {names}")
        own = chosen[0]
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

    @cached_property
    def statement_clean(self) -> Clean:
        """For a declarative record, whose rows no published file has: a line end breaks none."""
        return published if self.clean in RAW else self.clean

    def normal(self, text: str) -> str:
        """A field as it is in a record, and as ``parse`` returns it."""
        return self.whole(self.clean(text)).strip()


_ELEVEN = {"zero": "no"}
_SIZE = "only the size of Rainier's files of {} is known, not {}"
# Rainier uses UnifiedQA's files of UnifiedQA's datasets; its authors wrote the others.
_RAINIER: dict[str, Quirk] = {
    **{name: UNIFIEDQA[name][0] for name in ("social_iqa", "physical_iqa")},
    **{f"winogrande_{size}": WINOGRANDE for size in ("xs", "s", "m", "l", "xl", "debiased")},
    "numersense": Quirk("rainier numersense/dev.tsv", blank="<mask>", merged=_ELEVEN),
    "numersense_new": Quirk("rainier numersense_new/dev.tsv", merged=_ELEVEN),
    "truthfulqa_mc2": Quirk("rainier truthfulqa_mc2/dev.tsv", each_choice=True),
    # Only the sizes of these files are known: dev, train and test have 160, 152 and 149 bytes a
    # row. Question, choices and answer have about 140 (MetaICL's 16 rows), the para 95 more.
    "quartz": Quirk(
        "rainier quartz/*.tsv, by their sizes",
        with_context=False,
        unknown=_SIZE.format("quartz", "the form of their rows"),
    ),
    # By its size too: dev has exactly the bytes of question, choices and answer. The order of its
    # choices is unknown: none of the 24 fixed ones gives the published sha256.
    "sciq": Quirk(
        "rainier sciq/dev.tsv, by its size",
        with_context=False,
        unknown=_SIZE.format("sciq", "the order of their choices"),
    ),
    "com2sense_paired": Quirk("rainier com2sense_paired/dev.tsv", as_paired=True),
}

# encode_datasets.py at 0977478 and the files in the public bucket; forms of their own apart.
_UNIFIEDQAS = frozenset(
    "ai2_science_elementary ai2_science_middle arc_easy arc_hard commonsenseqa openbookqa "
    "physical_iqa qasc social_iqa winogrande_xs winogrande_s winogrande_m winogrande_l "
    "winogrande_xl winogrande_debiased".split()
)
_ENCODED = _UNIFIEDQAS | UNIFIEDQA.keys()
_RAINIERS = _UNIFIEDQAS | frozenset(
    "alphanli codah com2sense com2sense_paired comve_a copa creak csqa2 cycic_mc hellaswag "
    "numersense numersense_new prost quarel quartz riddlesense sciq spatial_cs story_cloze_test "
    "strategyqa swag truthfulqa_mc1 truthfulqa_mc2 wsc273".split()
)
# Of what a checkpoint saw, the spaces around a tab and before the line end are stripped.
_TRAINED = {
    name: tuple([replace(form, tab="\t", end="") for form in forms])
    for name, forms in UNIFIEDQA.items()
    if not name.startswith("winogrande")
}
_PROFILES = (
    Profile("canonical"),
    Profile(
        "unifiedqa",
        clean=published,
        empty="({}) ",
        letters=ascii_uppercase,
        hash_free_order=False,
        quirks=UNIFIEDQA,
        published_by="allenai/unifiedqa",
        datasets=_ENCODED,
    ),
    Profile(
        "unifiedqa-train",
        clean=published,
        empty="({}) ",
        whole=seen_in_training,
        hash_free_order=False,
        quirks=_TRAINED,
        published_by="allenai/unifiedqa",
        datasets=_ENCODED,
    ),
    Profile(
        "rainier",
        clean=published,
        empty="({}) ",
        letters=ascii_uppercase,
        no_question=r"\n ",  # proof: comve_a/dev.tsv
        cue=False,
        hash_free_order=False,
        quirks={name: (quirk,) for name, quirk in _RAINIER.items()},
        published_by="Rainier",
        datasets=_RAINIERS,
    ),
)
PROFILES: dict[str, Profile] = {profile.name: profile for profile in _PROFILES}
RECIPES: dict[Recipe, str] = {"clean": "canonical", "vera": "rainier"}


def profile_named(name: str) -> Profile:
    """The profile of that name, ``unifiedqa:FOLDER`` too; UsageError lists the names."""
    first, colon, folder = name.partition(":")
    found = PROFILES.get(first)
    if found is None or (colon and not (folder and found.published_by)):
        raise UsageError(f"no profile {name!r}; there are: {', '.join(PROFILES)}")
    return replace(found, name=name, folder=folder) if colon else found
