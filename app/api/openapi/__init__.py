"""The description of the API as an OpenAPI 3.1 file, made from the routes themselves. Nothing here serves requests."""
