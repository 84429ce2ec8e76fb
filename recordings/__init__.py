"""The audio of calls: encrypted, found, played, audited, purged."""
