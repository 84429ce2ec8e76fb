"""What somebody is typing into a form, until it is saved: theirs alone."""
