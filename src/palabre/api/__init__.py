"""The HTTP door: /api/v1 and the web pages."""
