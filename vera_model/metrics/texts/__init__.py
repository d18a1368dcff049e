"""Published scores of an answer that is a text, as pure functions: SQuAD, DROP, UnifiedQA."""
