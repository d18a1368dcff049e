"""A random language model as a GGUF file in a wheel, and a folder where pip finds it."""

import hashlib
import zipfile
from pathlib import Path

import gguf
import numpy as np
from tokenizers.pre_tokenizers import ByteLevel

from vera_model.embedded import Wheel

WIDTH, HEADS, PAIRS, HIDDEN, BLOCKS, CONTEXT = 32, 4, 2, 64, 2, 512
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MERGES = ("t h", "th e", "i s", "a n", "Ġ i", "Ġi s")


def write_gguf(path: Path, seed: int = 0) -> None:
    """Of SmolLM2's architecture and tokenizer, with 4 bits a weight; Q4_1, as in its wheel."""
    tokens = [*SPECIAL, *sorted(ByteLevel.alphabet()), *(one.replace(" ", "") for one in MERGES)]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_block_count(BLOCKS)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(PAIRS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    kinds = [gguf.TokenType.CONTROL] * len(SPECIAL)
    writer.add_token_types(kinds + [gguf.TokenType.NORMAL] * (len(tokens) - len(SPECIAL)))
    writer.add_token_merges(list(MERGES))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    draw = np.random.default_rng(seed)
    narrow = WIDTH * PAIRS // HEADS
    shapes = {"token_embd": (len(tokens), WIDTH), "output_norm": (WIDTH,)}
    for number in range(BLOCKS):
        own = {
            **{"attn_q": (WIDTH, WIDTH), "attn_k": (narrow, WIDTH), "attn_v": (narrow, WIDTH)},
            **{"attn_output": (WIDTH, WIDTH), "ffn_gate": (HIDDEN, WIDTH)},
            **{"ffn_up": (HIDDEN, WIDTH), "ffn_down": (WIDTH, HIDDEN)},
            **{"attn_norm": (WIDTH,), "ffn_norm": (WIDTH,)},
        }
        shapes |= {f"blk.{number}.{name}": shape for name, shape in own.items()}
    for name, shape in shapes.items():
        if len(shape) == 1:
            writer.add_tensor(f"{name}.weight", np.ones(shape, np.float32))
            continue
        values = draw.normal(scale=0.4, size=shape).astype(np.float32)
        kind = gguf.GGMLQuantizationType.Q4_1
        packed = gguf.quants.quantize(values, kind)
        writer.add_tensor(f"{name}.weight", packed, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_wheel(folder: Path, gguf_file: Path | None = None) -> Wheel:
    """A wheel in ``folder`` with that file, or a new one; its dependency exists nowhere."""
    folder.mkdir(parents=True, exist_ok=True)
    if gguf_file is None:
        gguf_file = folder / "tiny.gguf"
        write_gguf(gguf_file)
    path, info = folder / "tiny_smol-1.0-py3-none-any.whl", "tiny_smol-1.0.dist-info"
    needs = "Requires-Dist: no-such-package-that-compiles"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(gguf_file, "tiny_smol/tiny.gguf")
        archive.writestr(f"{info}/LICENSE", "Apache License, Version 2.0\n")
        metadata = f"Metadata-Version: 2.1\nName: tiny-smol\nVersion: 1.0\n{needs}\n"
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Wheel("tiny-smol", "1.0", digest, "tiny_smol/tiny.gguf")
