"""The embedded question converter: rules over the question's words, tried in order."""
