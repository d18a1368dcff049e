"""A request (the flags of `uqa convert`), and the conversion job that it resolves to."""

import re
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from unifiedqa_convert.conversion.output_folder import OutputFolder
from unifiedqa_convert.datasets.listing import canonical_split
from unifiedqa_convert.datasets.lock import Lock
from unifiedqa_convert.datasets.names import meanings
from unifiedqa_convert.datasets.origins import checked
from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.datasets.sources import (
    DATA_DIR,
    Located,
    Places,
    SourceName,
    data_dir_of,
    locate,
)
from unifiedqa_convert.errors import UnreachableError, UsageError
from unifiedqa_convert.flags import LOCK, LockedOnly, LockFile
from unifiedqa_convert.question_converters.base import (
    ConverterName,
    MinConfidence,
    Options,
    QuestionConverter,
    converter_facts,
)
from unifiedqa_convert.question_converters.select import check_tells, question_converter
from unifiedqa_convert.records.arrow import SCHEMA_VERSION
from unifiedqa_convert.records.formats import FORMATS, Format
from unifiedqa_convert.records.profiles import RECIPES, Profile, Recipe, Records, profile_named
from unifiedqa_convert.rows.companion_files import with_companions
from unifiedqa_convert.rows.compression import note_of
from unifiedqa_convert.rows.custom_file import OwnFile, adapter_for
from unifiedqa_convert.rows.own.columns import Columns
from unifiedqa_convert.rows.own.proposal import no_columns
from unifiedqa_convert.schema import Adapter
from unifiedqa_convert.storage import name_of, sha256_of

NAME = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to convert, from where, to what.

    A field with ``typer.Option`` is a flag of `uqa convert`; so are those of ``options`` and
    ``columns``.
    """

    dataset: str
    split: str
    raw: Annotated[
        tuple[Path, ...],
        typer.Option(metavar="FILE", help="File of raw rows; repeat the option for several."),
    ] = ()
    source: Annotated[
        SourceName,
        typer.Option(
            help="auto: --raw, --data-dir, the published files, or else the embedded sample; "
            "hub: the published files or an error."
        ),
    ] = "auto"
    records: Annotated[
        Records | None,
        typer.Option(
            help="Records to write.", show_default="both; question if --to can't hold both"
        ),
    ] = None
    to: Annotated[Format, typer.Option(help="Output format.")] = "arrow"
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The output goes to FOLDER/<dataset>/<split>/.")
    ] = Path("data/converted")
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder of the authors' files.", envvar=DATA_DIR),
    ] = None
    lock: LockFile = LOCK
    locked: LockedOnly = False
    no_sample: Annotated[
        bool,
        typer.Option(
            "--no-sample",
            envvar="UQA_NO_SAMPLE",
            help="Exit code 7 where only the embedded sample could be had.",
        ),
    ] = False
    question_converter: ConverterName = "rules"
    options: Options = field(default_factory=Options)
    """The question converter's, if it is a model."""
    min_confidence: MinConfidence = None
    recipe: Annotated[
        Recipe, typer.Option(help="clean: without upstream's defects; vera: with them, to compare.")
    ] = "clean"
    profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Form of the records: canonical, unifiedqa (or unifiedqa:FOLDER, another of "
            "its folders of the dataset), unifiedqa-train or rainier.",
            show_default="the recipe's",
        ),
    ] = None
    max_rejects: Annotated[
        int, typer.Option(metavar="N", min=0, help="Maximum number of rejected rows.")
    ] = 0
    unlabelled: Annotated[
        bool,
        typer.Option(
            "--unlabelled",
            help="Convert rows without labels of a split that has labels; an error otherwise.",
        ),
    ] = False
    subject: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only the rows of one subject of MMLU, such as anatomy."),
    ] = None
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Convert only the first N rows.")
    ] = None
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, help="Number of worker processes.")
    ] = 1
    shard_index: Annotated[
        int,
        typer.Option(metavar="K", min=0, help="Number of this task in an array, from 0 (Slurm)."),
    ] = 0
    num_shards: Annotated[
        int, typer.Option(metavar="N", min=1, help="Total number of tasks in the array.")
    ] = 1
    shard_rows: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="Raw rows per shard; a stopped run resumes after its last complete shard.",
        ),
    ] = 50_000
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Convert again and replace an existing output.")
    ] = False
    allow_sample: bool = True
    """False: the embedded sample does not stand in for rows that can't be fetched."""
    from_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Convert your own file (csv, tsv, json, parquet, arrow) under a name you choose.",
            rich_help_panel="Your own file",
        ),
    ] = None
    columns: Columns | None = None

    @property
    def whole(self) -> bool:
        """True if the whole split is converted here."""
        return self.limit is None and self.num_shards == 1 and self.subject is None

    @property
    def share(self) -> tuple[int, int]:
        """(K, N): only shards whose number is K modulo N, into an output of its own."""
        return self.shard_index, self.num_shards


@dataclass(frozen=True)
class ConversionJob:
    """A request with its names resolved."""

    adapter: Adapter
    split: str
    located: Located
    profile: Profile
    records: Records
    converter: QuestionConverter | None
    request: Request

    def place(self) -> OutputFolder:
        """Where the output goes: samples and shares have folders of their own."""
        subject = self.request.subject
        name = f"{self.split}.{subject}" if subject else self.split
        name += ".sample" if self.located.kind == "sample" else ""
        index, shares = self.request.share
        name += f".{index:05}-of-{shares:05}" if shares > 1 else ""
        return OutputFolder(self.request.out / self.adapter.name / name)

    def facts(self) -> dict[str, Any]:
        """The metadata of a shard."""
        return {
            "dataset": self.adapter.name,
            "split": self.split,
            "partition": self.adapter.partition,
            "profile": self.profile.name,
            "recipe": self.request.recipe,
            "sample": self.located.kind == "sample",
            **({"subject": self.request.subject or "all"} if self.adapter.subjects else {}),
        }

    def describe(self) -> dict[str, Any]:
        """What decides the output's bytes; the manifest begins with it."""
        own = self.request.from_file is not None
        files = [_file_facts(path) for path in self.located.files]
        converter, source = self.converter, self.adapter.source
        columns = self.request.columns if own else None
        return {
            "schema": SCHEMA_VERSION,
            **self.facts(),
            "adapter": {"name": self.adapter.name, "version": self.adapter.version},
            "source": {"kind": self.located.kind, **_origin_facts(self.located), "files": files},
            **({"columns": columns.facts()} if columns is not None else {}),
            "license": source.license,
            "redistributable": source.redistributable,
            "records": self.records,
            "format": self.request.to,
            "question_converter": converter and converter_facts(converter),
            "min_confidence": self.request.min_confidence,
            "limit": self.request.limit,
            "share": list(self.request.share),
            "shard_rows": self.request.shard_rows,
            "versions": {name: version(name) for name in ("unifiedqa-convert", "pyarrow")},
        }


def _origin_facts(located: Located) -> dict[str, Any]:
    """Where published files come from, and the digest that their records must have."""
    if located.origin is None:
        return {}
    facts = located.origin._asdict()
    return {name: facts[name] for name in ("host", "repository", "commit", "digest")}


def _records(request: Request) -> Records:
    """The kind of records to write; UsageError where the format can't hold it."""
    form = FORMATS[request.to]
    if request.recipe not in form.recipes:
        raise UsageError(f"--to {request.to} can't be written under --recipe {request.recipe}")
    records = request.records or form.records[0]
    if records not in form.records:
        only = " or ".join(f"--records {kind}" for kind in form.records)
        raise UsageError(f"--to {request.to} can't hold --records {records}: use {only}")
    return records


def _file_facts(path: Path) -> dict[str, Any]:
    """Name, size and sha256 of a file of rows, and what it was read as in spite of its name."""
    facts = {"name": name_of(path), "bytes": path.stat().st_size, "sha256": sha256_of(path)}
    note = note_of(path)
    return facts if note is None else {**facts, "read_as": note}


def check_request(request: Request) -> None:
    """The error of a request that is wrong for every dataset: a UsageError, SourceError or, where
    the embedded samples are not allowed, UnreachableError.
    """
    own, (index, shares) = RECIPES[request.recipe], request.share
    if request.recipe != "clean" and request.profile not in (None, own):
        raise UsageError(
            f"--recipe {request.recipe} sets everything, also the profile ({own}): leave out "
            "--profile or --recipe"
        )
    if request.min_confidence is not None and request.recipe != "clean":
        raise UsageError(
            f"--recipe {request.recipe} keeps what upstream keeps: leave out --min-confidence"
        )
    check_tells(request.question_converter, request.min_confidence)
    profile_named(request.profile or own)
    _records(request)
    if not 0 <= index < shares:
        raise UsageError(f"--shard-index {index} must be less than --num-shards {shares}")
    if request.source == "sample" and not request.allow_sample:
        raise UnreachableError("--source sample with --group needs --allow-sample")
    if not request.raw and request.from_file is None:
        data_dir_of(_places(request))


def resolve(request: Request) -> ConversionJob:
    """Resolve the request's names; UsageError or SourceError for what does not exist."""
    check_request(request)
    split = canonical_split(request.split)
    adapter, located = _adapter_and_files(request, split)
    if isinstance(adapter, OwnFile):
        request = replace(request, columns=adapter.survey.columns)
    records = _records(request)
    if request.subject is not None and request.subject not in adapter.subjects:
        raise _no_subject(adapter, request.subject)
    if located.origin and request.whole and not located.proven:
        proof = checked(adapter, split, located.files, located.origin)
        located = located._replace(origin=located.origin._replace(digest=proof.digest))
    files = with_companions(adapter, split, located.files, unlabelled=request.unlabelled)
    return ConversionJob(
        adapter,
        split,
        located._replace(files=files),
        profile_named(request.profile or RECIPES[request.recipe]).of(adapter.name),
        records,
        question_converter(request.question_converter, request.options),
        request,
    )


def _no_subject(adapter: Adapter, subject: str) -> UsageError:
    if not adapter.subjects:
        return UsageError(f"{adapter.name} has no subjects: leave out --subject")
    near = get_close_matches(subject, adapter.subjects, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    known = ", ".join(adapter.subjects)
    return UsageError(f"{adapter.name} has no subject {subject!r}: {hint}it has {known}")


def _places(request: Request) -> Places:
    sample = request.allow_sample and not request.no_sample
    lock = Lock(request.lock, only=request.locked)
    return Places(request.raw, request.source, request.data_dir, lock, sample)


def _adapter_and_files(request: Request, split: str) -> tuple[Adapter, Located]:
    if request.from_file is None:
        adapter = load_adapter(request.dataset)
        return adapter, locate(adapter, split, _places(request))
    if request.columns is None:
        raise no_columns(request.dataset, request.split, request.from_file)
    if not NAME.fullmatch(request.dataset) or not NAME.fullmatch(split):
        raise UsageError(
            f"{request.dataset!r}, {split!r}: the name and the split of your own dataset may only "
            "contain lower-case letters, digits and _"
        )
    if known := meanings(request.dataset, catalogue().adapters).datasets:
        what = "is" if request.dataset in known else f"is a name of {' and '.join(known)},"
        raise UsageError(f"{request.dataset} {what} a known dataset; choose another name for yours")
    adapter = adapter_for(request.dataset, split, request.from_file, request.columns)
    return adapter, Located("given", (request.from_file,), told=adapter.survey.told)
