"""The HTTP service: an API over one queue per model, each model in a process of its own.

``app`` and ``api/`` handle requests; ``models/`` has the queue and both ends of the pipe to a
model's process; ``admission``, ``middleware`` and ``connections`` refuse invalid, unauthorized and
excess requests; ``server`` starts and stops the service.
"""
