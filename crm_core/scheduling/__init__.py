"""Schedules, slots and appointments: who can be seen when, and who has a place."""
