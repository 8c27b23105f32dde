# Takes a webhook if our scheduler has signed it, and puts it into the inbox, once.
import base64
import json
import os
import time
from datetime import datetime, timezone

import boto3
from botocore.exceptions import ClientError

from standard_webhooks import NotVerified, verify

# After a rotation the scheduler signs with the old key, too, for a day: there is time to notice.
SECRET_AGE_SECONDS = 5 * 60
# How long we know a webhook that we have had. The default retry policy is through with one after somewhat more than three days.
REMEMBER_SECONDS = 14 * 24 * 60 * 60

dynamodb = boto3.client("dynamodb")
secrets = boto3.client("secretsmanager")
secret = {"value": "", "read_at": float("-inf")}


def handler(event, context):
    # The bytes as they came: a body that was parsed and written again has another signature.
    text = event.get("body") or ""
    body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    try:
        verify(signing_secret(), event["headers"], body)
    except NotVerified as error:
        print(json.dumps({"refused": str(error)}))
        return {"statusCode": 401}
    store(event["headers"]["webhook-id"], body.decode(errors="replace"))
    return {"statusCode": 204}


def store(webhook_id, body):
    """Storing it is the one thing we do before we answer. Whoever works on it can take their time, and never sees it twice."""
    now = time.time()
    try:
        dynamodb.put_item(
            TableName=os.environ["INBOX_TABLE"],
            Item={
                "id": {"S": webhook_id},
                "receivedAt": {"S": datetime.fromtimestamp(now, timezone.utc).isoformat()},
                "body": {"S": body},
                "expiresAt": {"N": str(int(now) + REMEMBER_SECONDS)},
            },
            ConditionExpression="attribute_not_exists(id)",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        # Repeated, by the scheduler or by somebody who has listened: a success, and nothing to do.
        print(json.dumps({"repeated": webhook_id}))


def signing_secret():
    if time.monotonic() - secret["read_at"] > SECRET_AGE_SECONDS:
        answer = secrets.get_secret_value(SecretId=os.environ["SIGNING_SECRET_ARN"])
        secret.update(value=answer["SecretString"], read_at=time.monotonic())
    return secret["value"]
