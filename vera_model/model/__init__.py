"""The transformers model: its configuration, packed attention, saving and the published layout.

Importing it registers the model with transformers' Auto classes; it needs torch.
"""

from vera_model.model import modeling_vera as modeling_vera
