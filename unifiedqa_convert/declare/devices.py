"""Which device a worker takes: one GPU each, never two workers on one. Pure."""

from unifiedqa_convert.declare.options import Options
from unifiedqa_convert.errors import UsageError


def device_for(options: Options, gpus: int) -> str:
    """``cpu`` or ``cuda:N`` on a machine with so many GPUs; UsageError where there is none."""
    asked, (worker, workers) = options.device, options.turn
    if asked == "cpu" or (asked == "auto" and not gpus):
        return "cpu"
    kind, _, number = asked.partition(":")
    if asked not in ("auto", "cuda") and not (kind == "cuda" and number.isdecimal()):
        raise UsageError(f"--device {asked}: auto, cpu, cuda or cuda:N")
    if number and workers > 1:
        raise UsageError("--device cuda:N is one GPU; --workers takes --device cuda")
    if int(number or workers - 1) >= gpus:
        wanted = f"--device {asked}" if number or not gpus else f"{workers} workers"
        raise UsageError(f"{wanted}: this machine shows {gpus} GPUs, and a worker needs one")
    return f"cuda:{int(number or worker)}"
