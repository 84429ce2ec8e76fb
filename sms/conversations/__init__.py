"""Conversations by text as pure state machines: a fact in, an effect out."""
