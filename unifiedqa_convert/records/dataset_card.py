"""The dataset card of an output in Parquet: README.md, for the hub and `load_dataset(folder)`."""

import re
from typing import TYPE_CHECKING, Any

from unifiedqa_convert.errors import printable
from unifiedqa_convert.schema import Adapter

if TYPE_CHECKING:
    import pyarrow as pa

CARD = "README.md"


def card(adapter: Adapter, manifest: dict[str, Any], schema: "pa.Schema") -> str:
    """Front matter (config, features, license) and a description, from the manifest."""
    from huggingface_hub import DatasetCardData

    split = manifest["split"]
    written = [file for file in manifest["files"] if file["path"].endswith(".parquet")]
    front = DatasetCardData(
        license=adapter.source.license.lower(),
        pretty_name=f"{adapter.name}, {split}, as {manifest['records']} records",
        configs=[{"config_name": "default", "data_files": [_data_files(split)]}],
        dataset_info={
            "features": [_feature(field.name, field.type) for field in schema],
            "splits": [
                {
                    "name": split,
                    "num_bytes": sum(file["bytes"] for file in written),
                    "num_examples": manifest["counts"]["written"]["rows"],
                }
            ],
        },
    )
    return f"---\n{front.to_yaml()}\n---\n\n" + "\n".join(_body(adapter, manifest)) + "\n"


def _data_files(split: str) -> dict[str, str]:
    return {"split": split, "path": "data-*.parquet"}


def _body(adapter: Adapter, manifest: dict[str, Any]) -> list[str]:
    source = adapter.source
    made_by = manifest["question_converter"]
    lines = [f"# {adapter.name}, split {manifest['split']}", ""]
    if manifest["sample"]:
        lines += ["**Invented sample rows of the converter, not the dataset's.**", ""]
    if source.redistributable is not True:
        lines += ["**The dataset's license does not clearly allow sharing it: check first.**", ""]
    lines += [
        f"Converted by unifiedqa-convert {manifest['versions']['unifiedqa-convert']}: "
        f"profile {manifest['profile']}, recipe {manifest['recipe']}, "
        f"question converter {made_by['name'] if made_by else 'none'}.",
        "",
        f"- Source: {source.homepage or 'a file of the user'}" + _published(manifest["source"]),
        *(
            f"- Raw file: {_code(f['name'])}, sha256 {f['sha256']}"
            for f in manifest["source"]["files"]
        ),
        f"- License: {source.license}",
        f"- Please cite: {source.citation or '-'}",
        "- Counts, and every file's digest: manifest.json",
    ]
    return lines


def _code(name: str) -> str:
    """A file's name as Markdown code on one line: it can't add lines, links or HTML to the card."""
    shown = printable(name).replace("\n", "\\n").replace("\t", "\\t")
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    return f"{fence} {shown} {fence}" if "`" in shown else f"{fence}{shown}{fence}"


def _published(source: dict[str, Any]) -> str:
    """The repository and commit of published files."""
    if source["kind"] != "published":
        return ""
    return f", {source['host']} {source['repository']} at {source['commit']}"


def _feature(name: str, kind: "pa.DataType") -> dict[str, Any]:
    import pyarrow as pa

    """One feature in the hub's notation: a scalar, a list of scalars or a list of structs."""
    if pa.types.is_list(kind):
        inner = kind.value_type
        if pa.types.is_struct(inner):
            return {"name": name, "list": [_feature(f.name, f.type) for f in inner]}
        return {"name": name, "list": str(inner)}
    return {"name": name, "dtype": str(kind)}
