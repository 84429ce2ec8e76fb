"""Calls the hospital places: reminders now, campaigns later."""
