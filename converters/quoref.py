"""Quoref: questions that need coreference, and its contrast set (Dasigi et al. 2019)."""

from collections.abc import Iterator
from typing import ClassVar

from converters.shared.passages import ColumnsRow, NestedRow, as_listed, parts, titled
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FreeText,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Verified,
)


class AuthorsRow(NestedRow):
    """The authors' document, a question a row, whose answers are the parts of one.

    url and context_id are ignored.
    """


class HubRow(ColumnsRow):
    """The hub's columns; the answers are the parts of one; url is ignored."""


def _contrast(split: str, file: PinnedFile) -> Repository:
    """The authors' repository of contrast sets, with that file as the split."""
    return Repository(
        host="github",
        name="allenai/contrast-sets",
        commit="e2b87316ba7b30093bc9ffbc340e6550cab79f67",
        evidence="bytes read at this commit",
        files={split: (file,)},
    )


class Quoref(Adapter):
    """Which words of a paragraph answer a question about what is mentioned by several names?"""

    name = "quoref"
    version = 1
    verified: ClassVar[Verified] = "real rows"
    shapes: ClassVar[tuple[type[Row], ...]] = (AuthorsRow, HubRow)
    source = Source(
        repositories=(
            _contrast(
                "test",
                PinnedFile(
                    "quoref/quoref_original_subset_20191206_merged.json",
                    446776,
                    sha256="ee9be9ded5fe52adc413fa7ea1409abbc76e7f569977eae14ad75ee0b17c02c4",
                ),
            ),
        ),
        splits={
            "train": Split(rows=19399, names=("quoref-train-v0.1.json",)),
            "validation": Split(rows=2418, names=("quoref-dev-v0.1.json",)),
            # The part of the test, which is hidden, that was published with the contrast set.
            "test": Split(
                rows=415,
                names=("quoref_original_subset_20191206_merged.json",),
                digest="0664ecb2542a5d479bf0a5299de03afc818be3994adf47b04606633717b4b354",
            ),
        },
        license="CC-BY-4.0",
        redistributable=True,
        downloads=("quoref-train-dev-v0.1",),
        ask="download its archive from https://allenai.org/data/quoref, and give a file of it with "
        "--raw",
        homepage="https://allenai.org/data/quoref",
        citation="Dasigi, Liu, Marasovic, Smith and Gardner 2019. Quoref: A Reading Comprehension "
        "Dataset with Questions Requiring Coreferential Reasoning. EMNLP.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One free-text example a row; the first part of an answer is its output.

        UnifiedQA has a row for each part; the authors' evaluation wants all of them together.
        """
        assert isinstance(row, AuthorsRow | HubRow)
        answers = parts(row.texts)
        yield FreeText(
            id=row.qid,
            question=row.question,
            context=titled(row.title, row.passage),
            answers=answers,
            parts=True,
            published=as_listed(row.texts, answers),
        )


class ContrastSetsQuoref(Quoref):
    """Which words of a paragraph answer a question that experts changed a little?"""

    name = "contrast_sets_quoref"
    aliases: ClassVar[tuple[str, ...]] = ("quoref_contrast", "quoref_contrast_set")
    verified = "documentation only"
    shapes = (AuthorsRow,)
    source = Source(
        repositories=(
            _contrast(
                "test",
                PinnedFile(
                    "quoref/quoref_test_perturbations_20191206_merged.json",
                    692721,
                    sha256="c2cb627a2e90a910feac470066b1384640cf6a3842f20a5f4d0209ac39c1be04",
                ),
            ),
        ),
        splits={"test": Split(names=("quoref_test_perturbations_20191206_merged.json",))},
        license="unknown",
        homepage="https://github.com/allenai/contrast-sets",
        citation="Gardner et al. 2020. Evaluating Models' Local Decision Boundaries via Contrast "
        "Sets. Findings of EMNLP.",
    )
