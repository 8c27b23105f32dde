// The app of the end-to-end test; CONTRIBUTING.md says how to deploy it.
import { App } from 'aws-cdk-lib';
import { EndToEndStack } from './stack';

const app = new App();
new EndToEndStack(app, 'WebhookSchedulerEndToEnd', { description: 'End-to-end test of cdk-webhook-scheduler' });

app.synth();
