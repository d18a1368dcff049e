"""The models: a queue and a process for each, and the worker program of that process."""
