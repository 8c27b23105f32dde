# A producer as written for the older scheduler: it knows a topic and a naive UTC date, and nothing of what is behind them.
# Only the host it has called and the time until then come from the test.
import json
import sys
from datetime import datetime, timedelta

import boto3

chat_host, input_topic, seconds = sys.argv[1:]

client = boto3.client('sns')
token = '1234:abcd'
chat = 42
text = 'The kettle has boiled!'

date = (datetime.utcnow() + timedelta(seconds=int(seconds))).isoformat()

event = {
    'date': date,
    'url': f'{chat_host}/bot{token}/sendMessage?chat_id={chat}&text={text}',
    'method': 'post',
}
client.publish(TopicArn=input_topic, Message=json.dumps(event))

print(date)
