"""Estimates of a run's memory, time and batches before it starts."""
