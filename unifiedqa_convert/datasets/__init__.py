"""Which datasets there are and where their files come from: registry, names, sources, pins."""
