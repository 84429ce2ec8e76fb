"""The register in files: csv and xlsx, in and out, safe to repeat."""
