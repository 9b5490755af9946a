"""`python run.py check`: is everything there that the service needs? Changes nothing, creates nothing."""
