"""The models behind the API: one queue and one process each, and the worker in it."""
