"""Question converters behind an address: another `uqa serve`, or a language model's server."""
