"""The actors of further communities, which run in the process of an actor of the environment's community."""
