"""Vera's tasks and where a run's configuration starts: data, no code.

The tasks, their order and their parts are upstream's (liujch1998/vera, scripts/data.py and the
defaults of scripts/run.py); the two parts of the unseen ones are the paper's (Liu et al. 2023).
"""

from typing import Any

KNOWLEDGE_BASES = ("atomic2020_3d", "genericskb_3d")
"""Stage A's tasks."""

STAGE_B = (
    *("openbookqa", "arc_easy", "arc_hard", "ai2_science_elementary", "ai2_science_middle"),
    *("commonsenseqa", "qasc", "physical_iqa", "social_iqa", "winogrande_xl", "com2sense_paired"),
    *("sciq", "quarel", "quartz", "cycic_mc", "comve_a", "csqa2", "symkd_anno", "gengen_anno"),
)
"""Stage B's 19 tasks, which upstream trains both stages on where no task list is given."""

SEEN = frozenset({*KNOWLEDGE_BASES, *STAGE_B})
UNSEEN_1 = frozenset({"wsc273", "copa", "numersense", "prost", "spatial_cs", "rainier_anno"})
UNSEEN_2 = frozenset(
    {"swag", "hellaswag", "codah", "story_cloze_test", "alphanli", "strategyqa", "creak"}
)

BOOLEAN = frozenset(
    {"csqa2", "symkd_anno", "gengen_anno", "spatial_cs", "strategyqa", "creak", "rainier_anno"}
)
"""Upstream's tasks of lone statements; its others are choices, also where a file holds a group
without a gold, or a gold alone."""

EVALUATED = (
    *STAGE_B,
    *("wsc273", "copa", "numersense", "prost", "spatial_cs", "swag", "hellaswag", "codah"),
    *("story_cloze_test", "alphanli", "strategyqa", "creak", "rainier_anno"),
)
"""Upstream's 32 tasks of an evaluation."""

_STAGE: dict[str, Any] = {
    "model": "google/t5-v1_1-small",
    "steps": 50_000,
    "batch_size": 64,
    "lr": 1e-5,
    "log_every": 50,
    "save_every": 1000,
    "eval_every": 1000,
}

PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {
        "steps": 300,
        "batch_size": 16,
        # Measured: at 1e-3 a planted signal is found by luck (benchmarks/planted_signal.py), at
        # 1e-2 objective text learns nothing.
        "lr": 3e-3,
        "encoder": {
            "vocab_size": 2000,
            "d_model": 64,
            "d_kv": 16,
            "d_ff": 128,
            "num_layers": 2,
            "num_heads": 4,
            "dropout": 0.1,
        },
    },
    "stage-a": {**_STAGE, "train_tasks": KNOWLEDGE_BASES, "valid_tasks": KNOWLEDGE_BASES},
    "stage-b": {
        **_STAGE,
        "train_tasks": STAGE_B,
        "valid_tasks": STAGE_B,
        "start_from": "runs/stage-a/model/best",
    },
    "upstream": {
        **_STAGE,
        "batch_size": 1,
        "train_tasks": STAGE_B,
        "valid_tasks": STAGE_B,
        "eval_tasks": EVALUATED,
    },
}
"""``tiny`` proves the way from shards to metrics on two CPU cores, without a download; it is too
small to learn common sense. ``stage-a`` and ``stage-b`` are the paper's two stages, 50,000 updates
of 64 problems each. ``upstream`` is what upstream's run.py does when it is given no flags."""

RECIPES: dict[str, dict[str, Any]] = {
    "clean": {},
    "vera": {
        "contrastive_labels": "upstream",
        "cut": "end",
        "eval_problems": 2000,
    },
}
"""What a recipe settles in the configuration. Further, under ``vera``: one static order of the
problems, ``steps`` + 1 updates, and checkpoint and evaluation at step k before update k."""
