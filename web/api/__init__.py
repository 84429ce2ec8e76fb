"""The REST API `/api/v1`: JSON, bearer tokens, RFC 9457 problems, OpenAPI made from its types."""
