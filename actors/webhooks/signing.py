"""Signs what is posted, as https://www.standardwebhooks.com has it: libraries of many languages check it."""

import base64
import hashlib
import hmac


def sign(key: str, event_id: str, sent_at_s: int, body: bytes) -> dict[str, str]:
    """Return the headers of a request, the signature among them where there is a key (base64, with whsec_ or without).

    `sent_at_s`: seconds since 1970, UTC; receivers refuse what is much older than their clock.
    """
    headers = {"webhook-id": event_id, "webhook-timestamp": str(sent_at_s)}
    if key:
        signed = f"{event_id}.{sent_at_s}.".encode() + body
        secret = base64.b64decode(key.removeprefix("whsec_"))
        digest = hmac.new(secret, signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers
