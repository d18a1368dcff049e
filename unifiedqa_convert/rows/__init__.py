"""Raw files to validated rows: readers, row shapes, companion files, a user's own file."""
