import { createDeliverHandler } from './deliver-handler';
import { lambdaServices } from './lambda-services';
import { NodeHttpClient } from '../adapters/node-http-client';

const services = lambdaServices();

export const handler = createDeliverHandler(
  process.env,
  services,
  (rules) => new NodeHttpClient(services.clock, rules, process.env.AWS_LAMBDA_RUNTIME_API),
  async () => (await import('../adapters/secrets-manager-source.js')).secretsManagerSource(),
);
