"""The HTTP API: routes, request and response schemas, and what each route does."""
