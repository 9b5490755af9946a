"""Texts of problems with further communities: Discord servers beside the operator's own."""

from typing import Final

from wording.translation import N_

COMMUNITIES: Final = {
    "community.no_keys": N_(
        "This Usher isn't open to further Discord servers yet. Whoever runs it can make a key with "
        "'python run.py communities key', set it as USHER_KEYS, and restart Usher."
    ),
    "community.keys_gone": N_(
        "The token of this Plex server is encrypted, and USHER_KEYS is not set: set the key it was "
        "encrypted with, and restart Usher"
    ),
    "community.unopened_token": N_(
        "No key in USHER_KEYS decrypts the token of this Plex server: set the key it was encrypted with, "
        "or connect Plex again with /setup"
    ),
    "community.private_address": N_(
        "Plex at {server} is in a private network ({address}), which this Usher doesn't allow for further "
        "Discord servers"
    ),
    "community.give_remote_access": N_("turn on Remote Access in Plex's settings, and connect Plex again with /setup"),
    "community.no_address": N_("plex.tv knows no address of it"),
    "community.unknown": N_("This Usher doesn't serve the Discord server {guild}."),
    "community.no_id": N_("{guild} is not the id of a Discord server."),
    "community.environments_own": N_("This Discord server is the operator's own: its settings are in the environment."),
    "community.not_theirs": N_("Discord servers can't choose {setting} themselves."),
    "community.wrong_value": N_("{setting} takes {takes}."),
    "community.unsealed_servers": N_("Plex servers come from signing in at plex.tv; at most {most}."),
    "community.start_overdue": N_(
        "it has not finished starting for {within} s, and the others start without it. If it stays like this, check "
        "its database and disk, and restart Usher"
    ),
    "community.too_many": N_("This Usher serves {most} further Discord servers, as many as MAX_COMMUNITIES allows."),
    "community.no_folder": N_("The folder {folder} cannot be made: {cause}."),
}
