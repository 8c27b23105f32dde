// Integration test: deploys a scheduler and a receiver, publishes webhooks of every kind, and asserts how they arrive, in an account of yours.
//
// `npx projen integ` compares the template with the snapshot beside this file, without an account; `npx projen integ:deploy` deploys and asserts.
import { ExpectedResult, IntegTest, Match } from '@aws-cdk/integ-tests-alpha';
import { App, Duration } from 'aws-cdk-lib';
import { PROBE_OUTPUTS } from '../../scripts/end-to-end/deployment';
import { EndToEndStack } from '../../scripts/end-to-end/stack';

const app = new App();
const stack = new EndToEndStack(app, 'WebhookSchedulerInteg');

// Dates have to be near, and a template does not know when it is deployed: so a function publishes, and judges what has arrived.
const probe = stack.addFunction('Probe', 'probe.ts', { [PROBE_OUTPUTS]: stack.toJsonString(stack.outputs) });
stack.scheduler.grantPublish(probe);
stack.scheduler.grantReadSigningSecret(probe);
stack.arrivals.grant(probe, 'dynamodb:PutItem', 'dynamodb:Query');
stack.failures.grantConsumeMessages(probe);

const integ = new IntegTest(app, 'WebhookScheduler', { testCases: [stack] });

const answering = (payload: Record<string, unknown>) => (
  ExpectedResult.objectLike({ StatusCode: 200, Payload: Match.serializedJson(Match.objectLike(payload)) })
);
const published = integ.assertions
  .invokeFunction({ functionName: probe.functionName, payload: JSON.stringify({ action: 'publish' }) })
  .expect(answering({ published: 13 }));
// `complete` once there is nothing left to wait for; `problems` has what is early, more than ten seconds late, twice, missing, changed or not
// signed, and a webhook that has failed without a notice.
const judged = integ.assertions
  .invokeFunction({ functionName: probe.functionName, payload: JSON.stringify({ action: 'look' }) })
  .expect(answering({ complete: true, problems: [] }))
  .waitForAssertions({ totalTimeout: Duration.minutes(3), interval: Duration.seconds(10) });
published.next(judged);

app.synth();
