"""What was learnt for the embedded question converter: how far its sentences can be trusted."""
