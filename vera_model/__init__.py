"""Training and evaluation of Vera, the commonsense plausibility scorer (Liu et al. 2023).

It reads the shards that `uqa convert` writes. Importing the package loads neither torch nor
transformers; ``programs.train.run`` runs a configuration. ``import vera_model.model`` registers
Vera checkpoints with transformers' Auto classes.
"""
