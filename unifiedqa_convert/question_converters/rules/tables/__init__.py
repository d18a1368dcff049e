"""The rules, one module per kind of question, each rule with an example."""
