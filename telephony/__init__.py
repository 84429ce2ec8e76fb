"""Asterisk for everybody."""
