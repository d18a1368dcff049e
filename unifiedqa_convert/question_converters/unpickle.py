"""PyTorch pickles → safetensors: a program that download.py runs in a separate process.

    python -I unpickle.py FOLDER_OF_PICKLES FOLDER_FOR_SAFETENSORS

It imports nothing of this package. ``weights_only=True`` refuses everything but tensors, but torch
says that this is no sandbox: so the process can't start another. Tensors that share memory (T5's
embeddings) are written once, under the first of their names: loading ties them again.
"""

import json
import sys
import zipfile
from pathlib import Path


def main(source: Path, target: Path) -> None:
    """Convert a single ``pytorch_model.bin``, or each part of an index."""
    index = source / "pytorch_model.bin.index.json"
    if not index.is_file():
        pickle_to_safetensors(source / "pytorch_model.bin", target / "model.safetensors")
        return
    parts = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
    weight_map: dict[str, str] = {}
    size = 0
    for part in parts:
        if Path(part).name != part:
            raise SystemExit(f"{index} names a file of another folder: {part}")
        name = part.replace("pytorch_model", "model").replace(".bin", ".safetensors")
        sizes = pickle_to_safetensors(source / part, target / name)
        size += sum(sizes.values())
        weight_map |= dict.fromkeys(sizes, name)
    document = {"metadata": {"total_size": size}, "weight_map": weight_map}
    path = target / "model.safetensors.index.json"
    path.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")


def pickle_to_safetensors(pickle: Path, target: Path) -> dict[str, int]:
    """Convert one pickle to one file; returns the bytes of each tensor by name."""
    import torch
    from safetensors.torch import save_file

    mappable = zipfile.is_zipfile(pickle)  # not the format before torch 1.6
    tensors = torch.load(pickle, map_location="cpu", weights_only=True, mmap=mappable)
    seen: set[tuple[int, int, torch.Size, tuple[int, ...]]] = set()
    kept: dict[str, torch.Tensor] = {}
    for name in sorted(tensors, key=lambda name: (name != "shared.weight", name)):
        tensor = tensors[name]
        place = (tensor.data_ptr(), tensor.storage_offset(), tensor.shape, tensor.stride())
        if place not in seen:
            seen.add(place)
            kept[name] = tensor.contiguous()
    save_file(kept, target, metadata={"format": "pt"})
    return {name: tensor.nbytes for name, tensor in kept.items()}


def confine() -> None:
    """Forbid child processes and core dumps (the system may not enforce it for root)."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


if __name__ == "__main__":
    import torch  # noqa: F401  # its threads must start before the limit is set

    confine()
    main(Path(sys.argv[1]), Path(sys.argv[2]))
