"""The Discord actor: what people see and say of the service, and who sits in the voice channel."""
