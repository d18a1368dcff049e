"""The rules themselves, one module per kind of question, each rule with an example."""
