# Schedules the reminder of an invoice for the moment it is overdue.
import json
import os

import boto3

sns = boto3.client("sns")


def handler(event, context):
    """Takes {"number", "payableUntil"}; the date is ISO 8601."""
    webhook_id = f'invoice-{event["number"]}'
    message = {
        "id": webhook_id,
        "date": event["payableUntil"],
        "url": os.environ["REMINDER_URL"],
        "method": "POST",
        "payload": {"number": event["number"]},
    }
    sns.publish(TopicArn=os.environ["WEBHOOK_SCHEDULER_TOPIC_ARN"], Message=json.dumps(message))
    return {"id": webhook_id}
