"""Both sides of every answered call, sealed on disk, found by caller, agent and day, played by right only."""
