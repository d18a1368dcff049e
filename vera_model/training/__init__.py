"""The training loop, checkpoints, state, tracking and progress."""
