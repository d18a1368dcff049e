"""Questions of converted splits, and the texts that a model answers them with."""
