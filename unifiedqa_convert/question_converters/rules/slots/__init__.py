"""The computed slots of the templates: a match of a question and its answer → text, or None."""
