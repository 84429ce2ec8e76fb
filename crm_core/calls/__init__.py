"""The log of calls and the agents who take them. Knows nothing of Asterisk: channels are opaque texts."""
