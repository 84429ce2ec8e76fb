"""Every sentence we text, one file per language. None names a department of its own accord, none a diagnosis."""
