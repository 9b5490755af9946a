"""The doctor's checks: facts in, findings out. `run.py check` feeds it by REST, `!diagnose` from the bot's cache."""
