"""The demo hospital's people and rooms. All fictitious; numbers begin with 199 0000, which nobody has."""
