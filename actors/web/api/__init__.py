"""The JSON API: the answers that pages show, as JSON, with an OpenAPI description."""
