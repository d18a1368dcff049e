"""A user's own file: which column holds what, and what its rows say about that."""
