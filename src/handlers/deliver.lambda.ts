import { createDeliverHandler } from './deliver-handler';
import { lambdaServices } from './lambda-services';
import { NodeHttpClient } from '../adapters/node-http-client';

const services = lambdaServices();

export const handler = createDeliverHandler(process.env, services, new NodeHttpClient(services.clock));
