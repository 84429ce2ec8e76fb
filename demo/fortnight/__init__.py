"""What happened in the demo hospital in the last two weeks: calls with their words, texts, work, and who looked."""
