"""Signs what is posted, as https://www.standardwebhooks.com specifies: libraries of many languages can verify it."""

import base64
import hashlib
import hmac


def sign(key: str, event_id: str, sent_at_s: int, body: bytes) -> dict[str, str]:
    """Return the headers of a request, with a signature if there is a key (base64, with or without whsec_).

    `sent_at_s`: seconds since 1970, UTC; receivers refuse a time that is far from their clock.
    """
    headers = {"webhook-id": event_id, "webhook-timestamp": str(sent_at_s)}
    if key:
        signed = f"{event_id}.{sent_at_s}.".encode() + body
        secret = base64.b64decode(key.removeprefix("whsec_"))
        digest = hmac.new(secret, signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers
