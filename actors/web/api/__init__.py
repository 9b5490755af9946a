"""The JSON API: the answers that pages show, as JSON, with a description of it all."""
