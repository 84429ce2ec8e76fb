"""How the hotline reads dates, times and numbers, and what its own node types say, one module per language."""
