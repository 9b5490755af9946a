"""The actors of further communities that live in the process of one actor of the environment's community."""
