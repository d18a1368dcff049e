"""Which datasets there are and where their files come from: registry, sources, pins."""
