"""The programs: train, evaluate, score, replicate, with their checks and missing tasks."""
