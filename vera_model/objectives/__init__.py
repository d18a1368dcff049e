"""What a model is trained on: Vera's losses of statements, or text to text; its evaluation."""
