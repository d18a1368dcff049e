"""A plan in lines for people."""

from typing import Any

from rich.filesize import decimal


def render(plan: dict[str, Any]) -> list[str]:
    """Lines for people."""
    here, tokens, flops = plan["machine"], plan["tokens"], plan["flops"]
    fits = plan["memory_bytes"] <= here["memory_bytes"]
    largest = plan["largest_model_that_fits"] or "none of the published ones"
    lines = [
        f"model       {plan['model']}, {'' if plan['parameters_are_exact'] else 'about '}"
        f"{plan['parameters']:,} parameters",
        f"download    {decimal(plan['download_bytes'])}",
        f"disk        {decimal(plan['disk_bytes'])} of {decimal(here['disk_bytes'])} free"
        + ("" if plan["disk_bytes"] <= here["disk_bytes"] else ": IT DOES NOT FIT"),
        f"memory      {decimal(plan['memory_bytes'])} of {decimal(here['memory_bytes'])} free on "
        f"{here['device']}: {'it fits' if fits else 'IT DOES NOT FIT'}; the largest that does: "
        f"{largest}",
        f"work        {tokens['updates']:,} updates of {tokens['tokens_per_update']:,.0f} tokens"
        + _basis(tokens),
        f"FLOPs       {flops['update']:.3g} an update, {flops['run']:.3g} in all, "
        f"{plan['evaluation_share']:.0%} of them in {tokens['evaluations']} evaluations",
    ]
    if plan["seconds"] is not None:
        rate = plan["measured_flops_per_second"]
        lines.append(f"time        {_time(plan['seconds'])} at {rate:.3g} FLOP/s, measured here")
    return lines


def _basis(tokens: dict[str, Any]) -> str:
    if tokens["counted"]:
        return ""
    how = (
        "estimated from the texts' lengths" if tokens["estimated"] else "assumed: no data to count"
    )
    return f" ({how})"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:,.0f} days"
