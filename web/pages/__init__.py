"""One module per page: form into values, one service call, template with a context."""
