"""How an example is written: profiles, encoding in both directions, Arrow, output formats."""
