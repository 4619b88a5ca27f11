"""A load generator for SMTP and HTTP that sees the service from outside only. Nothing here imports `app`."""
