"""Letters by post: envelopes and labels, from a patient's address to paper."""
