"""What is to be converted: a request as a user makes it, and the job it comes to."""

import re
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from unifiedqa_convert.conversion.output_folder import OutputFolder
from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.datasets.sources import Located, SourceName, canonical_split, locate
from unifiedqa_convert.errors import UnreachableError, UsageError
from unifiedqa_convert.question_converters.base import Options, QuestionConverter, converter_facts
from unifiedqa_convert.question_converters.select import question_converter
from unifiedqa_convert.records.arrow import SCHEMA_VERSION
from unifiedqa_convert.records.formats import FORMATS, Format
from unifiedqa_convert.records.profiles import RECIPES, Profile, Recipe, Records, profile_named
from unifiedqa_convert.rows.companion_files import with_companions
from unifiedqa_convert.rows.custom_file import Columns, adapter_for
from unifiedqa_convert.schema import Adapter
from unifiedqa_convert.storage import sha256_of

SHARD_ROWS = 50_000
NAME = re.compile(r"[a-z0-9_]+")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to convert, from where, to what."""

    dataset: str
    split: str
    raw: tuple[Path, ...] = ()
    source: SourceName = "auto"
    data_dir: Path | None = None
    records: Records | None = None
    """None: question records for tsv and vera, both otherwise."""
    to: Format = "arrow"
    out: Path = Path("data/converted")
    question_converter: str = "rules"
    options: Options = field(default_factory=Options)
    """The question converter's, where it is a model."""
    recipe: Recipe = "clean"
    profile: str | None = None
    """None: the recipe's."""
    limit: int | None = None
    """Convert the first so many rows only."""
    share: tuple[int, int] = (0, 1)
    """(K, N): only shards whose number is K modulo N, into an output of its own."""
    shard_rows: int = SHARD_ROWS
    max_rejects: int = 0
    overwrite: bool = False
    workers: int = 1
    allow_sample: bool = True
    """False: the embedded sample is no way out where the rows themselves can't be had."""
    from_file: Path | None = None
    """A user's own file, instead of a known dataset's rows; ``columns`` says what is what."""
    columns: Columns | None = None


@dataclass(frozen=True)
class ConversionJob:
    """A request with everything looked up."""

    adapter: Adapter
    split: str
    located: Located
    profile: Profile
    records: Records
    converter: QuestionConverter | None
    request: Request

    def place(self) -> OutputFolder:
        """Where the output goes: samples and shares have folders of their own."""
        name = f"{self.split}.sample" if self.located.kind == "sample" else self.split
        index, shares = self.request.share
        name += f".{index:05}-of-{shares:05}" if shares > 1 else ""
        return OutputFolder(self.request.out / self.adapter.name / name)

    def facts(self) -> dict[str, Any]:
        """What a shard says of itself in its own metadata."""
        return {
            "dataset": self.adapter.name,
            "split": self.split,
            "partition": self.adapter.partition,
            "profile": self.profile.name,
            "recipe": self.request.recipe,
            "sample": self.located.kind == "sample",
        }

    def describe(self) -> dict[str, Any]:
        """What decides the output's bytes; the manifest begins with it."""
        files = [
            {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
            for path in self.located.files
        ]
        asked, source = self.converter, self.adapter.source
        columns = self.request.columns if self.request.from_file is not None else None
        return {
            "schema": SCHEMA_VERSION,
            **self.facts(),
            "adapter": {"name": self.adapter.name, "version": self.adapter.version},
            "source": {
                "kind": "hub" if self.located.kind == "cache" else self.located.kind,
                "revision": self.located.revision,
                "files": files,
            },
            **({"columns": columns.facts()} if columns is not None else {}),
            "license": source.license,
            "redistributable": source.redistributable,
            "records": self.records,
            "format": self.request.to,
            "question_converter": asked and converter_facts(asked),
            "limit": self.request.limit,
            "share": list(self.request.share),
            "shard_rows": self.request.shard_rows,
            "versions": {name: version(name) for name in ("unifiedqa-convert", "pyarrow")},
        }


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


def resolve(request: Request) -> ConversionJob:
    """Turn names into things; UsageError or SourceError for what there is not."""
    own = RECIPES[request.recipe]
    if request.recipe != "clean" and request.profile not in (None, own):
        raise UsageError(
            f"--recipe {request.recipe} is one switch for everything and writes profile {own}: "
            "leave --profile out, or the recipe"
        )
    split = canonical_split(request.split)
    adapter, located = _adapter_and_files(request, split)
    records = _records(request)
    if located.kind == "sample" and not request.allow_sample:
        raise UnreachableError(
            f"{adapter.name}/{split}: only its invented sample is here, which --allow-sample takes"
            + (f" ({located.note})" if located.note else "")
        )
    index, shares = request.share
    if not 0 <= index < shares:
        raise UsageError(f"--shard-index {index} is not below --num-shards {shares}")
    return ConversionJob(
        adapter,
        split,
        located._replace(files=with_companions(adapter, split, located.files)),
        profile_named(request.profile or RECIPES[request.recipe]).of(adapter.name),
        records,
        question_converter(request.question_converter, request.options),
        request,
    )


def _adapter_and_files(request: Request, split: str) -> tuple[Adapter, Located]:
    if request.from_file is None:
        adapter = load_adapter(request.dataset)
        return adapter, locate(adapter, split, request.raw, request.source, request.data_dir)
    if request.columns is None:
        raise UsageError("--from-file needs --question COLUMN, and --choices and --gold if any")
    if not NAME.fullmatch(request.dataset) or not NAME.fullmatch(split):
        raise UsageError(
            f"{request.dataset!r}, {split!r}: the name and split of your own dataset may hold "
            "lower-case letters, digits and _"
        )
    if request.dataset in catalogue().adapters:
        raise UsageError(f"{request.dataset} is a known dataset; give your own another name")
    adapter = adapter_for(request.dataset, split, request.from_file, request.columns)
    return adapter, Located("given", (request.from_file,))
