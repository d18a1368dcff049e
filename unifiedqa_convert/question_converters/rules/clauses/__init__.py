"""Answers that are clauses: shortened to what the question lacks, or made statements."""
