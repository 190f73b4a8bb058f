"""What compiled documents import, and the functions that make them fast."""
