// The app of the end-to-end test; CONTRIBUTING.md says how to deploy it.
import { App } from 'aws-cdk-lib';
import { EndToEndStack } from './stack';
import { NetworkPolicy } from 'cdk-webhook-scheduler';

/** Function URLs of an emulator are those of a machine or a container, and have no certificate. */
const EMULATED = NetworkPolicy.publicInternet({
  allowHttp: true, allowedPorts: ['1-65535'], allowedCidrs: ['10.0.0.0/8', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
});

const app = new App();
new EndToEndStack(app, 'WebhookSchedulerEndToEnd', {
  description: 'End-to-end test of cdk-webhook-scheduler',
  // The variable that leads CDK and the SDK to an emulator.
  networkPolicy: process.env.AWS_ENDPOINT_URL ? EMULATED : undefined,
});

app.synth();
