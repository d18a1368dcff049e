"""What is learnt: Vera's losses on statements, or text in, text out; their evaluation."""
