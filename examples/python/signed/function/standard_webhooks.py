# Verifies signatures as https://www.standardwebhooks.com/ defines them. The package `standardwebhooks` does the same; this takes no layer and
# no bundling, and is all there is to it.
import base64
import binascii
import hashlib
import hmac
import time

TOLERANCE_SECONDS = 5 * 60
PREFIX = "whsec_"


class NotVerified(Exception):
    """The request is not ours, was changed, or is old."""


def verify(secret, headers, body):
    """
    :param secret: the key as base64, with or without `whsec_` before it; where several are separated by white space, one has to fit
    :param headers: with names in lower case
    :param body: the bytes as they came
    """
    webhook_id, timestamp, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (webhook_id and timestamp and signatures):
        raise NotVerified("not signed")
    # What somebody has recorded is of no use to them later.
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        raise NotVerified("too old, or ahead of its time")
    content = f"{webhook_id}.{timestamp}.".encode() + body
    expected = [hmac.new(key, content, hashlib.sha256).digest() for key in map(decode, secret.split())]
    # While a key is replaced, there is a signature by the old one and one by the new.
    for signature in signatures.split(" "):
        version, _, encoded = signature.partition(",")
        if version == "v1" and any(hmac.compare_digest(decode(encoded), digest) for digest in expected):
            return
    raise NotVerified("no signature of ours")


def decode(text):
    try:
        return base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return b""
