import { createDeliverHandler } from './deliver-handler';
import { lambdaServices } from './lambda-services';
import { NodeHttpClient } from '../adapters/node-http-client';
import { secretsManagerSource } from '../adapters/secrets-manager-source';

const services = lambdaServices();

export const handler = createDeliverHandler(
  process.env,
  services,
  (rules) => new NodeHttpClient(services.clock, rules, process.env.AWS_LAMBDA_RUNTIME_API),
  async () => secretsManagerSource(),
);
