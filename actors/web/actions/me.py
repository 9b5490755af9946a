"""Actions of members on their own page."""

from actors.web.action import ActionRequest, action
from actors.web.page import PageNotFoundError
from messages import EndSessions, PrivacyChosen, SetPrivacy, SetPublicName
from wording.privacy import PRIVACY_CHOICES


@action("/me/privacy")
async def choose_privacy(request: ActionRequest) -> str:
    """Save a choice of privacy; earlier posts on Discord are changed accordingly."""
    choice = next((each for each in PRIVACY_CHOICES if each == request.form.get("choice")), None)
    if choice is None:
        raise PageNotFoundError
    await request.ask(SetPrivacy(request.reader.asker, request.reader.name, choice))
    request.tell("discord", PrivacyChosen(request.reader.asker))
    return "/me?done=privacy"


@action("/me/public-name")
async def choose_public_name(request: ActionRequest) -> str:
    """Save whether the member is named on a public page."""
    await request.ask(SetPublicName(request.reader.asker, is_named=request.form.get("named") == "yes"))
    return "/me?done=name"


@action("/me/sign-out-everywhere")
async def sign_out_everywhere(request: ActionRequest) -> str:
    """End every session of the member, and every unused sign-in link."""
    await request.ask(EndSessions(viewer_id=request.reader.asker))
    return "/sign-in"
