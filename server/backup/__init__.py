"""A copy of everything a hospital cannot do without, and the way back: docs/backup.md."""
