"""May we contact this person for this purpose by this channel now, and if not, why."""
