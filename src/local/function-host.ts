// Child process of the engine: one execution environment of a function. Loads the handler once, then runs one invocation at a time.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Sent by the engine to run the handler once. */
export interface Invocation {
  readonly requestId: string;
  /** The event as JSON. */
  readonly event: string;
  readonly functionArn: string;
  readonly timeoutMs: number;
}

/** Sent to the engine: the environment is loaded or cannot be, and then one for each invocation. */
export type HostReply =
  | { readonly type: 'loaded' }
  | { readonly type: 'returned'; readonly result: string | undefined }
  | { readonly type: 'failed'; readonly error: HandlerError; readonly whileLoading: boolean };

/** An error the way Lambda reports it. */
export interface HandlerError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

interface LambdaContext {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  callbackWaitsForEmptyEventLoop: boolean;
  getRemainingTimeInMillis(): number;
}

type Handler = (event: unknown, context: LambdaContext) => unknown;

const variable = (name: string): string => process.env[name] ?? '';

/** Loads `directory/file.export` for a handler setting of `directory/file.export`. */
async function loadHandler(): Promise<Handler> {
  const setting = variable('_HANDLER');
  const dot = setting.lastIndexOf('.');
  const [modulePath, exportName] = [setting.slice(0, dot), setting.slice(dot + 1)];
  const base = path.resolve(variable('LAMBDA_TASK_ROOT'), modulePath);
  const file = ['.js', '.mjs', '.cjs'].map(extension => base + extension).find(existsSync);
  if (!file) throw namedError('Runtime.ImportModuleError', `Cannot find module '${modulePath}' (.js, .mjs or .cjs) for the handler ${setting}`);
  const handler = (await loadModule(file))[exportName];
  if (typeof handler !== 'function') throw namedError('Runtime.HandlerNotFound', `${setting} is undefined or not exported`);
  return handler as Handler;
}

async function loadModule(file: string): Promise<Record<string, unknown>> {
  try {
    if (!file.endsWith('.mjs')) return createRequire(file)(file) as Record<string, unknown>;
  } catch (error) {
    // The package of the handler says that its .js files are ES modules.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_REQUIRE_ESM') throw error;
  }
  return await import(pathToFileURL(file).href) as Record<string, unknown>;
}

async function invoke(handler: Handler, { requestId, event, functionArn, timeoutMs }: Invocation): Promise<HostReply> {
  const deadline = Date.now() + timeoutMs;
  try {
    const result = await handler(JSON.parse(event), {
      functionName: variable('AWS_LAMBDA_FUNCTION_NAME'),
      functionVersion: variable('AWS_LAMBDA_FUNCTION_VERSION'),
      invokedFunctionArn: functionArn,
      memoryLimitInMB: variable('AWS_LAMBDA_FUNCTION_MEMORY_SIZE'),
      awsRequestId: requestId,
      logGroupName: variable('AWS_LAMBDA_LOG_GROUP_NAME'),
      logStreamName: variable('AWS_LAMBDA_LOG_STREAM_NAME'),
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    });
    return { type: 'returned', result: JSON.stringify(result) };
  } catch (error) {
    return { type: 'failed', error: describe(error), whileLoading: false };
  }
}

function describe(error: unknown): HandlerError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error) };
  return { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') };
}

function namedError(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

const reply = (message: HostReply): boolean | undefined => process.send?.(message);

// Ctrl+C reaches the whole process group; the engine decides when an environment ends.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit(0));

loadHandler().then(
  handler => {
    process.on('message', (invocation: Invocation) => {
      void invoke(handler, invocation).then(reply);
    });
    reply({ type: 'loaded' });
  },
  error => reply({ type: 'failed', error: describe(error), whileLoading: true }),
);
