# Schedules a reminder two days before a trial ends, and takes it back when the customer has subscribed.
import json
import os
import random
import time
from datetime import datetime, timedelta

import boto3

REMIND_BEFORE = timedelta(days=2)
# The most that PublishBatch takes. Together they may have 256 KiB, which ten reminders are far from.
BATCH_SIZE = 10
MAX_TRIES = 4
FIRST_PAUSE_SECONDS = 0.1

sns = boto3.client("sns")


def handler(event, context):
    """Takes {"started": [{"customer", "endsAt"}], "subscribed": [customer]}, both optional; dates are ISO 8601."""
    messages = [reminder(**trial) for trial in event.get("started", [])]
    messages += [{"id": reminder_id(customer), "action": "cancel"} for customer in event.get("subscribed", [])]
    for i in range(0, len(messages), BATCH_SIZE):
        publish(messages[i : i + BATCH_SIZE])
    return {"published": len(messages)}


def reminder(customer, endsAt):
    return {
        # Ours, so that publishing again is harmless: the same id with the same content is accepted once.
        "id": reminder_id(customer),
        # One that is past by now fires at once.
        "date": (datetime.fromisoformat(endsAt) - REMIND_BEFORE).isoformat(),
        "url": os.environ["REMINDER_URL"],
        "method": "POST",
        "payload": {"customer": customer, "endsAt": endsAt},
    }


def publish(batch):
    """
    A call can succeed and still leave messages behind: these are sent again, unless SNS says that it is their own fault. A call that fails
    as a whole is repeated by boto3. What is left in the end fails the invocation, so that whoever invoked us can try again.
    """
    for tries in range(1, MAX_TRIES + 1):
        answer = sns.publish_batch(
            TopicArn=os.environ["WEBHOOK_SCHEDULER_TOPIC_ARN"],
            PublishBatchRequestEntries=[{"Id": str(i), "Message": json.dumps(message)} for i, message in enumerate(batch)],
        )
        failed = answer.get("Failed", [])
        if not failed:
            return
        if tries == MAX_TRIES or any(entry["SenderFault"] for entry in failed):
            raise RuntimeError("SNS did not take " + ", ".join(why(entry, batch) for entry in failed))
        batch = [batch[int(entry["Id"])] for entry in failed]
        time.sleep(FIRST_PAUSE_SECONDS * 2 ** (tries - 1) * (1 + random.random()))


def why(entry, batch):
    return f'{batch[int(entry["Id"])]["id"]} ({": ".join(filter(None, [entry["Code"], entry.get("Message")]))})'


def reminder_id(customer):
    return f"trial-{customer}"
