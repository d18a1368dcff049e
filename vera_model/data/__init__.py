"""Shards to batches: reading, selection of statements, hold-out, tokens, overlap."""
