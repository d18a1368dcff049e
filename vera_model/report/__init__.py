"""Results of a run: the page, its figures, its metadata and the last lines in the terminal."""
