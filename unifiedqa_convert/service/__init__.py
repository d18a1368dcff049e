"""The converter as a service: an HTTP API over one queue per model, each model a process apart.

``app`` and ``api/`` answer; ``models/`` has the queue, and both ends of a model's pipe;
``admission``, ``middleware`` and ``connections`` refuse what must not come in; ``server`` starts
and stops it.
"""
