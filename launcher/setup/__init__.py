"""The questions of `setup`, which tests each answer at once and writes them to `.env`."""
