"""The HTTP API: routes, request and response schemas, what each address does."""
