"""Pages, parts, live messages and the REST API: an adapter."""
