import { createIngestHandler } from './ingest-handler';
import { lambdaServices } from './lambda-services';

export const handler = createIngestHandler(process.env, lambdaServices());
