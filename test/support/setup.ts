// Runs before each test file.
import { devNull } from 'node:os';
import * as fc from 'fast-check';

// What this machine is set up to use of AWS is nothing that tests may depend on, or reach.
Object.keys(process.env).filter((name) => name.startsWith('AWS_')).forEach((name) => delete process.env[name]);
process.env.AWS_CONFIG_FILE = devNull;
process.env.AWS_SHARED_CREDENTIALS_FILE = devNull;

// What tests print is about the tests.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
process.env.POWERTOOLS_LOG_LEVEL ??= 'SILENT';
process.env.POWERTOOLS_METRICS_DISABLED ??= 'true';

// Properties are tried on the same inputs each time, so that a red test is about a change; another seed tries others.
fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 1) });
