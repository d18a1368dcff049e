"""What several adapters use: English sentences, labelled or inline choices, stories."""
