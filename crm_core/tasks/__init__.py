"""What waits for a person: somebody to call back, a message to answer, an outcome to find out."""
