"""Two-way SMS through GSM modems."""
