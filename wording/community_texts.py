"""The words of the problems of further communities: Discord servers beside the operator's own."""

from typing import Final

from wording.translation import N_

COMMUNITIES: Final = {
    "community.no_keys": N_(
        "This Usher takes no further Discord server yet: its operator makes a key with "
        "'python run.py communities key', sets it as USHER_KEYS, and starts Usher again."
    ),
    "community.keys_gone": N_(
        "The token of this Plex server is sealed, and USHER_KEYS is not set: set the key with which it was sealed, and "
        "start Usher again"
    ),
    "community.unopened_token": N_(
        "No key of USHER_KEYS opens the token of this Plex server: set the key with which it was sealed, or connect "
        "Plex anew with /setup"
    ),
    "community.private_address": N_(
        "Plex at {server} is in a private network ({address}), where this Usher asks no server of others"
    ),
    "community.give_remote_access": N_("give it remote access in Plex's settings, and connect Plex anew with /setup"),
    "community.no_address": N_("plex.tv knows no address of it"),
    "community.unknown": N_("{guild} is no further Discord server that this Usher serves."),
    "community.no_id": N_("{guild} is no id of a Discord server."),
    "community.environments_own": N_("This Discord server is the operator's own: its settings are in the environment."),
    "community.not_theirs": N_("{setting} is no setting that a Discord server chooses for itself."),
    "community.wrong_value": N_("{setting} takes {takes}."),
    "community.unsealed_servers": N_("Plex servers come from a sign-in at plex.tv, and are at most {most}."),
    "community.no_folder": N_("The folder {folder} cannot be made: {cause}."),
}
