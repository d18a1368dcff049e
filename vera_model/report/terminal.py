"""The last lines of a run or an evaluation: numbers, model, next command, warnings."""

from collections import Counter
from pathlib import Path
from typing import Any

_PARTS = {"train": "training", "dev": "evaluation"}
_UNSEEN = {"trained_on": "training", "evaluated_on": "evaluation"}


def closing_lines(path: Path, document: dict[str, Any]) -> list[str]:
    """The summary of ``document``, the ``metrics.json`` at ``path``."""
    from vera_model.run_folder import ANSWERS  # imports pydantic, which `uqa --help` does not need

    groups, run = document["data"]["groups"], path.parent
    text = document["model"].get("objective") == "text"
    what = "records" if text else "problems"
    lines = []
    if "trained_on" in groups:
        steps = f"{document['run']['steps']:,} updates"
        lines.append(f"trained     {groups['trained_on']:,} {what} in {steps}")
        lines += _mixture(document)
    lines.append(f"evaluated   {groups['evaluated_on']:,} {what}{_datasets(document)}")
    lines += _numbers((document["metrics"] or {}).get("overall", {}))
    lines += baseline_lines(document)
    if (run / "model" / "best").exists():
        lines.append(f"model       {run / 'model' / 'best'}")
    if text and (run / ANSWERS).exists():
        lines.append(f"answers     {run / ANSWERS}")
    lines.append(f"next        uqa report {run}")
    if (run / "model" / "best").exists() and not text:  # `uqa score` reads Vera models
        lines.append(f'            uqa score "A sentence." --model {run}')
    return [*lines, *warnings(document)]


BASELINES = {
    "chance": "chance",
    "length_only": "length",
    "choice_only": "choice alone",
    "bag_of_words": "bag of words",
}
"""What stands beside a model's numbers, weakest first, in words."""
_COMPARED = {"choice_accuracy": "", "auroc": "AUROC: "}


def baseline_lines(document: dict[str, Any]) -> list[str]:
    """A line with the baselines' choice accuracy, or AUROC; none in a file without them."""
    found = (document.get("baselines") or {"overall": {}})["overall"]
    for key, words in _COMPARED.items():
        numbers = [
            f"{title} {found[name][key]:.3f}"
            for name, title in BASELINES.items()
            if found.get(name, {}).get(key) is not None and (name, key) != ("chance", "auroc")
        ]
        if numbers:
            return [f"baselines   {words}{', '.join(numbers)}"]
    return []


def _mixture(document: dict[str, Any]) -> list[str]:
    """How often the records of each dataset were seen, if there are several."""
    datasets = (document.get("mixture") or {"datasets": {}})["datasets"]
    seen = [
        f"{name} {one['seen']:,} records ({one['seen'] / one['records']:.3g} times each)"
        for name, one in datasets.items()
    ]
    more = f" and {len(seen) - 5} more datasets" if len(seen) > 5 else ""
    return [f"seen        {', '.join(seen[:5])}{more}"] * (len(seen) > 1)


def warnings(document: dict[str, Any]) -> list[str]:
    """Skipped tasks, partial splits, texts not seen whole, statements that were trained on."""
    lines = []
    for part, use in _PARTS.items():
        names = [one["task"] for one in document["missing"] if one["part"] == part]
        if names:
            lines.append(f"Skipped, data not found ({use}): {', '.join(names)}")
    partial = ", ".join(
        f"{one['dataset']} {one['split']} ({size_words(one)})" for one in partials(document)
    )
    if partial:
        lines.append(f"WARNING: not whole splits: {partial}")
    return [*lines, *unseen_warnings(document["data"].get("unseen")), *overlap_warnings(document)]


def partials(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The splits of which only some rows were read; none in a file of an earlier version."""
    return [one for one in document["data"].get("splits", ()) if one["partial"]]


def size_words(size: dict[str, Any]) -> str:
    """``100 of 1,954 rows``."""
    read = "some" if size["read"] is None else f"{size['read']:,}"
    known = "an unknown number of" if size["known"] is None else f"{size['known']:,}"
    return f"{read} of {known} rows"


def overlap_warnings(document: dict[str, Any]) -> list[str]:
    """A line if evaluation statements were trained on: how many, of which datasets."""
    overlap = document["data"].get("overlap")
    if overlap is not None and overlap["trained_on"]:
        return [_overlap_warning(overlap)]
    both = document["data"].get("evaluation_problems_whose_texts_were_trained_on")
    return [f"WARNING: {both} evaluation problems have the texts of a training problem"] * bool(
        both
    )


def _overlap_warning(overlap: dict[str, Any]) -> str:
    shares = [
        f"{name} {one['trained_on']} of {one['statements']}"
        for name, one in overlap["tasks"].items()
        if one["trained_on"]
    ]
    other = overlap["with_another_label"]
    return (
        f"WARNING: {overlap['trained_on']} of {overlap['statements']} evaluation statements were "
        f"trained on, word for word ({', '.join(shares)})"
        + (f", {other} of them with the other label" if other else "")
        + ": the numbers do not measure performance on new statements"
    )


def unseen_warnings(unseen: dict[str, Any] | None) -> list[str]:
    """Lines about the ``data.unseen`` of a metrics.json: cut, unknown to the model, the same."""
    return [
        f"WARNING: {line}"
        for part, word in _UNSEEN.items()
        if (unseen or {}).get(part)
        for line in _unseen_lines(unseen[part], f"{word} texts", unseen["max_tokens"])  # type: ignore[index]
    ]


def _unseen_lines(tasks: dict[str, dict[str, int]], what: str, most: int) -> list[str]:
    total = sum(map(Counter, tasks.values()), Counter[str]())
    of = f"of {total['texts']:,} {what}"
    lines = []
    if total["cut"]:
        longest = max(one["longest"] for one in tasks.values())
        own = total["own_cut"]
        lines.append(
            f"{total['cut']:,} {of} are cut at {most} tokens ({_shares(tasks, 'cut')}), "
            + (
                f"{own:,} in the statement, question or choices"
                if own
                else "all in the context only"
            )
            + f": --max-tokens {longest} cuts none"
        )
    if total["answer_cut"]:
        lines.append(
            f"{total['answer_cut']:,} {of} lose their answer, or the part of the context that has "
            f"it, at {most} tokens ({_shares(tasks, 'answer_cut')})"
        )
    if total["unknown_tokens"]:
        lines.append(
            f"{total['with_unknown_tokens']:,} {of} have characters that the model's vocabulary "
            f"lacks ({_shares(tasks, 'with_unknown_tokens')}): {total['unknown_tokens']:,} of "
            f"{total['tokens']:,} tokens are unknown"
        )
    if total["same_tokens"]:
        lines.append(
            f"{total['same_tokens']:,} {of} have the same tokens as one of the same problem with "
            f"another label, and can't be told apart ({_shares(tasks, 'same_tokens')})"
        )
    return lines


def _shares(tasks: dict[str, dict[str, int]], key: str) -> str:
    found = [f"{task} {one[key]:,} of {one['texts']:,}" for task, one in tasks.items() if one[key]]
    more = f" and {len(found) - 5} more datasets" if len(found) > 5 else ""
    return ", ".join(found[:5]) + more


def _datasets(document: dict[str, Any]) -> str:
    tasks = sorted((document["metrics"] or {}).get("tasks", {}))
    more = f" and {len(tasks) - 3} more" if len(tasks) > 3 else ""
    return f" of {', '.join(tasks[:3])}{more}" if tasks else ""


def _numbers(overall: dict[str, Any]) -> list[str]:
    """Accuracy beside chance, and the other metrics."""

    def shown(key: str) -> str:
        low, high = overall.get("intervals", {}).get(key, (None, None))
        return f"{overall[key]:.3f}" + (f" ({low:.3f} to {high:.3f})" if low is not None else "")

    lines = []
    if overall.get("choice_accuracy") is not None:
        chance = overall["choice_accuracy_by_chance"]
        lines.append(f"choices     {shown('choice_accuracy')} correct, {chance:.3f} by chance")
    if overall.get("statement_accuracy") is not None:
        majority = overall["statement_accuracy_of_the_commoner_label"]
        accuracy = shown("statement_accuracy")
        lines.append(f"statements  {accuracy} correct, {majority:.3f} by the majority label")
    names = {"auroc": "AUROC", "ece": "ECE", "exact_match": "exact match", "f1": "F1"}
    others = [f"{name} {shown(key)}" for key, name in names.items() if overall.get(key) is not None]
    lines += [f"            {', '.join(others)}"] if others else []
    if overall.get("ece_equal_width") is not None:
        lines.append(f"            ECE {shown('ece_equal_width')} in bins of equal width")
    return lines
