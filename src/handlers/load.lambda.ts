import { lambdaServices } from './lambda-services';
import { createLoadHandler } from './load-handler';

export const handler = createLoadHandler(process.env, lambdaServices());
