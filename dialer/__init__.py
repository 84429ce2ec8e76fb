"""Calls the hospital makes by itself: today reminders of appointments."""
