"""Training and evaluation of Vera, the commonsense plausibility scorer (Liu et al. 2023).

It meets the rest of the project at the shard. Importing the package loads neither torch nor
transformers: ``config`` is light, ``train.run`` is the way in. Once transformers' Auto classes
are loaded, before or after, they know a Vera checkpoint.
"""

from vera_model.registration import announce

announce()
