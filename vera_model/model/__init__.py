"""The transformers model: its configuration, packed attention, saving and the published layout.

Importing it makes ``AutoConfig`` and the Auto classes know a Vera checkpoint; it needs torch.
"""

from vera_model.model import modeling_vera as modeling_vera
