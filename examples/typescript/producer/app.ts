// A producer: a function that schedules a reminder for each trial, and takes it back when the customer has subscribed.
//
// Deploy   npx cdk deploy --app "npx tsx --tsconfig tsconfig.dev.json examples/typescript/producer/app.ts"
// Try      aws lambda invoke --function-name <TrialsFunction> --cli-binary-format raw-in-base64-out \
//            --payload '{"started": [{"customer": "c-1", "endsAt": "2030-01-31T09:30:00Z"}]}' /dev/stdout
// Costs    under a dollar a month while idle; docs/cost.md has what webhooks cost. The function itself costs next to nothing.
// Remove   npx cdk destroy --app "…"; examples/README.md says what stays.
import * as path from 'node:path';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { WebhookScheduler } from 'cdk-webhook-scheduler';

const app = new App();
const stack = new Stack(app, 'ProducerExample', { description: 'Schedules webhooks from a function' });
const scheduler = new WebhookScheduler(stack, 'Scheduler');

const trials = new NodejsFunction(stack, 'Trials', {
  description: 'Schedules reminders of trials that end',
  entry: path.join(__dirname, 'trials.ts'),
  runtime: lambda.Runtime.NODEJS_24_X,
  architecture: lambda.Architecture.ARM_64,
  memorySize: 256,
  timeout: Duration.seconds(30),
  environment: {
    // What is called when the time has come: an endpoint of yours, at a public address, over https.
    REMINDER_URL: 'https://api.example.com/trial-reminders',
  },
});
// May publish, and finds the topic in WEBHOOK_SCHEDULER_TOPIC_ARN.
scheduler.connect(trials);

new CfnOutput(stack, 'TrialsFunction', { value: trials.functionName });

app.synth();
