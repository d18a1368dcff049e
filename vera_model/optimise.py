"""Adam and its learning rate, as the configuration says."""

from torch import nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LRScheduler
from transformers import get_scheduler

from vera_model.config import TrainConfig

_NAMES = {"constant": "constant_with_warmup", "linear": "linear", "cosine": "cosine"}


def optimiser(model: nn.Module, config: TrainConfig) -> Optimizer:
    """Adam without weight decay, as upstream; ``fused`` gives the same numbers in one kernel."""
    return Adam(model.parameters(), lr=config.lr, fused=config.fused)


def schedule(optimizer: Optimizer, config: TrainConfig, updates: int) -> LRScheduler:
    """The learning rate over ``updates`` updates: warm-up, then the decay."""
    built: LRScheduler = get_scheduler(
        _NAMES[config.decay],
        optimizer,
        num_warmup_steps=config.warmup,
        num_training_steps=updates,
    )
    return built


def resume_schedule(scheduler: LRScheduler, state: dict[str, object]) -> None:
    """Put the schedule back, and its learning rate into the optimiser."""
    scheduler.load_state_dict(state)
    for group, rate in zip(scheduler.optimizer.param_groups, scheduler.get_last_lr(), strict=True):
        group["lr"] = rate
