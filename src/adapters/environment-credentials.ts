// Credentials as Lambda gives them to a function: in its environment. The bundles have this in place of the SDK's chain of providers, which also
// looks into files, containers and the metadata of instances, and is a third of a client's code.
import type { AwsCredentialIdentityProvider } from '@smithy/types';

/** What the clients of the SDK get their credentials from, under the name that they import it by. */
export function defaultProvider(): AwsCredentialIdentityProvider {
  return async () => {
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = process.env;
    if (!accessKeyId || !secretAccessKey) {
      throw new Error('no credentials: expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, as Lambda sets them');
    }
    return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
  };
}
