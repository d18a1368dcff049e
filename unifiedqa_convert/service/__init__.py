"""The converter as a service: an HTTP API over one queue per model, each model a process apart.

``app`` answers, ``batcher`` queues, ``process`` and ``worker`` are the two ends of a model's pipe,
``guard`` and ``protocol`` keep out what must not come in, ``server`` opens and closes the door.
"""
