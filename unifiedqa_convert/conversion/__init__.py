"""One split from end to end: request, chunk, pipeline, output folder, workers, groups."""
