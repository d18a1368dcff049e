"""What a run gave: the page, its figures, its metadata and the terminal's last lines."""
