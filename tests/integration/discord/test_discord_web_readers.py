"""Who may read the web page, as the Discord actor says it: members, administrators, and who signed in at Discord."""

import base64
import hashlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from actors.runtime.errors import RemoteError
from actors.web.access.discord_oauth import build_authorize_address, derive_verifier
from messages import ConfirmDiscordSignIn, GetMember, GetViewerAccount, MemberStanding, PrivacyChosen, ViewerAccount
from simulator.discord.oauth import CLIENT_SECRET
from tests.deadlines import WITHIN_S
from tests.integration.discord.discord_stage import Stage, open_stage

BACK = "https://films.example/sign-in/discord"
ATTEMPT = "the secret of one attempt"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """The Discord actor in its Discord, which knows the application's secret."""
    with open_stage(tmp_path) as made:
        made.changes = {"discord_client_id": made.discord.world.app_id, "discord_client_secret": CLIENT_SECRET}
        yield made


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object) -> None:
        """Do not follow redirects."""


def consent(stage: Stage, name: str, attempt: str = ATTEMPT) -> tuple[str, str]:
    """Somebody consents in a browser; return the code and the state that it comes back with."""
    stage.discord.oauth.browser_user = stage.discord.member(name).user
    address = build_authorize_address(stage.discord.world.app_id, BACK, attempt, stage.discord.api_url)
    with pytest.raises(urllib.error.HTTPError) as redirected:
        urllib.request.build_opener(_NoRedirect).open(address)  # it is on loopback
    redirected.value.close()
    query = parse_qs(urlsplit(redirected.value.headers["Location"]).query)
    return query["code"][0], query["state"][0]


def test_the_bot_says_who_is_a_member_and_an_administrator(stage: Stage) -> None:
    """At that moment: roles given or taken count at once. Bots and strangers are no members."""
    with stage.acting():
        iris, bjoern = stage.discord.member("Iris"), stage.discord.member("Björn")
        assert stage.persistence.ask(GetMember(str(iris.id))) == MemberStanding(str(iris.id), "Iris", is_admin=True)
        assert not stage.persistence.ask(GetMember(str(bjoern.id))).is_admin
        assert stage.persistence.ask(GetMember()).name == "Rosa", "the owner, who may do everything"
        assert stage.persistence.ask(GetMember()).is_admin
        bjoern.roles.extend(iris.roles)
        iris.roles.clear()
        assert stage.persistence.ask(GetMember(str(bjoern.id))).is_admin
        assert not stage.persistence.ask(GetMember(str(iris.id))).is_admin
        jukebox = next(each for each in stage.discord.guild.members.values() if each.user.name == "jukebox")
        for nobody in ("123456789", str(jukebox.id)):
            assert stage.persistence.ask(GetMember(nobody)).viewer_id == ""
        del stage.discord.guild.members[bjoern.id]
        assert stage.persistence.ask(GetMember(str(bjoern.id))).viewer_id == ""


def test_membership_is_declined_while_discord_does_not_answer(stage: Stage) -> None:
    """Nobody is taken for a member, and nobody for a stranger."""
    with stage.acting(wait=False), pytest.raises(RemoteError, match="who is a member"):
        stage.discord.stop()
        stage.persistence.ask(GetMember("1"))
    stage.discord.start()


def test_a_sign_in_at_discord_identifies_the_member(stage: Stage) -> None:
    """By code and verifier, once; the token that Discord gave is revoked."""
    with stage.acting():
        code, _state = consent(stage, "Björn")
        asked = ConfirmDiscordSignIn(code, derive_verifier(ATTEMPT), BACK)
        assert stage.persistence.ask(asked).name == "Björn"
        assert stage.discord.world.bearers == {}
        with pytest.raises(RemoteError, match="HTTP 400"):
            stage.persistence.ask(asked)


def test_a_stolen_code_is_refused(stage: Stage) -> None:
    """Without the verifier of the browser that began (PKCE), or with another redirect address."""
    with stage.acting():
        for verifier, back in (("x" * 43, BACK), (derive_verifier(ATTEMPT), "https://evil.example/")):
            code, _state = consent(stage, "Björn")
            with pytest.raises(RemoteError, match="HTTP 400"):
                stage.persistence.ask(ConfirmDiscordSignIn(code, verifier, back))


def test_a_wrong_secret_is_named(stage: Stage) -> None:
    """With where to get a new one; the secret is in no log."""
    stage.changes["discord_client_secret"] = "another-secret"
    with stage.acting():
        code, _state = consent(stage, "Björn")
        with pytest.raises(RemoteError, match="DISCORD_CLIENT_SECRET"):
            stage.persistence.ask(ConfirmDiscordSignIn(code, derive_verifier(ATTEMPT), BACK))


def test_a_stranger_who_signs_in_is_no_member(stage: Stage) -> None:
    """Discord says who it is; the bot says that they are no member of the server."""
    with stage.acting():
        code, _state = consent(stage, "Björn")
        del stage.discord.guild.members[stage.discord.member("Björn").id]
        assert stage.persistence.ask(ConfirmDiscordSignIn(code, derive_verifier(ATTEMPT), BACK)).viewer_id == ""


def test_a_choice_made_on_the_page_is_looked_up(stage: Stage) -> None:
    """And what was posted follows it, as after the command: the choice itself is asked of the store."""
    stage.persistence.answers[GetViewerAccount] = ViewerAccount("501", "private", (), 3)
    with stage.acting():
        assert stage.persistence.tell(PrivacyChosen("501")).wait(WITHIN_S)
        assert stage.persistence.list_heard(GetViewerAccount) == [GetViewerAccount("501")]
        assert stage.read_state("hidden_viewers")


def test_only_the_challenge_is_sent_to_discord() -> None:
    """Not the verifier; the scope is identify."""
    query = parse_qs(urlsplit(build_authorize_address(7, BACK, ATTEMPT)).query)
    digest = hashlib.sha256(derive_verifier(ATTEMPT).encode()).digest()
    assert query["code_challenge"] == [base64.urlsafe_b64encode(digest).decode().rstrip("=")]
    assert query["scope"] == ["identify"]
    assert derive_verifier(ATTEMPT) not in urlencode(query, doseq=True)
