"""Training and evaluation of Vera, the commonsense plausibility scorer (Liu et al. 2023).

It meets the rest of the project at the shard. Importing the package loads neither torch nor
transformers: ``config`` is light, ``programs.train.run`` is the way in. ``import vera_model.model``
makes transformers' Auto classes know a Vera checkpoint.
"""
