"""The first run: asks for what is missing, tests each answer at once, and writes `.env`."""
