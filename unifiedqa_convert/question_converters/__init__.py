"""Question and answer to one declarative sentence, by rules, a model or a service."""
