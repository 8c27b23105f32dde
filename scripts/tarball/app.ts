// A new CDK app that uses the package as its users do: from the tarball, without a bundler.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { filesIn } from './files';

const STACK = 'NewApp';

/** How many resources of each kind a scheduler has. */
const RESOURCES: Readonly<Record<string, number>> = {
  'AWS::SNS::Topic': 2,
  'AWS::SNS::Subscription': 1,
  'AWS::SQS::Queue': 6,
  'AWS::DynamoDB::Table': 1,
  'AWS::Lambda::Function': 3,
  'AWS::Lambda::EventSourceMapping': 2,
  'AWS::Events::Rule': 1,
};

/** What would bundle a handler at synthesis, or is part of the bundles. */
const NOT_NEEDED = ['esbuild', 'tsx', 'projen', '@aws-sdk', '@aws-lambda-powertools'];

interface Resource {
  readonly Type: string;
  readonly Properties?: { readonly Code?: { readonly S3Key?: string } };
}

interface AssetManifest {
  readonly files: Readonly<Record<string, { readonly source: { readonly path: string } }>>;
}

export interface Versions {
  readonly 'aws-cdk-lib': string;
  readonly 'constructs': string;
  readonly 'typescript': string;
}

/** Writes the app; `npm install`, `npx tsc` and `node app.js` are left to do. */
export function writeApp(directory: string, tarball: string, versions: Versions): void {
  mkdirSync(directory);
  const write = (file: string, text: string) => writeFileSync(path.join(directory, file), text);
  write('package.json', JSON.stringify({
    name: 'new-app', private: true, dependencies: { ...versions, 'cdk-webhook-scheduler': `file:${tarball}` },
  }));
  // Library declarations are checked too: those of the package are among them.
  write('tsconfig.json', JSON.stringify({
    compilerOptions: { target: 'ES2022', module: 'node16', moduleResolution: 'node16', strict: true, skipLibCheck: false, types: [] }, files: ['app.ts'],
  }));
  write('app.ts', `
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import { WebhookScheduler } from 'cdk-webhook-scheduler';

const app = new App({ outdir: 'cdk.out' });
const stack = new Stack(app, '${STACK}');
const scheduler = new WebhookScheduler(stack, 'Scheduler');
new CfnOutput(stack, 'InputTopicArn', { value: scheduler.inputTopic.topicArn });
app.synth();
`);
}

/**
 * Returns what is wrong with the synthesized app, each in a sentence.
 *
 * @param handlers directory of the bundled handlers
 */
export function appProblems(directory: string, handlers: string): string[] {
  const output = path.join(directory, 'cdk.out');
  const { Resources } = readJson<{ Resources: Readonly<Record<string, Resource>> }>(output, `${STACK}.template.json`);
  const { files: assets } = readJson<AssetManifest>(output, `${STACK}.assets.json`);
  const resources = Object.values(Resources);
  const countOf = (type: string) => resources.filter(({ Type }) => Type === type).length;
  const installed = NOT_NEEDED.filter((name) => existsSync(path.join(directory, 'node_modules', name)));

  const bundles = resources.filter(({ Type }) => Type === 'AWS::Lambda::Function').map(({ Properties }) => {
    const hash = Properties?.Code?.S3Key?.replace(/\.zip$/, '') ?? '';
    return contentOf(path.join(output, assets[hash].source.path));
  });
  const missing = filesIn(handlers)
    .map((file) => path.dirname(file))
    .filter((handler) => !bundles.includes(contentOf(path.join(handlers, handler))));
  return [
    ...Object.entries(RESOURCES)
      .filter(([type, count]) => countOf(type) !== count)
      .map(([type, count]) => `The template has ${countOf(type)} resources of type ${type}, not ${count}.`),
    ...installed.map((name) => `${name} was installed with the package.`),
    ...missing.map((handler) => `No function of the template runs ${handler} as it was bundled.`),
  ];
}

/** Names and bytes of all files in a directory, as one text. */
function contentOf(directory: string): string {
  return filesIn(directory).map((file) => `${file}\n${readFileSync(path.join(directory, file), 'latin1')}`).join('\n');
}

function readJson<T>(...file: string[]): T {
  return JSON.parse(readFileSync(path.join(...file), 'utf8')) as T;
}
