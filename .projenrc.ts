import { awscdk, github, javascript, typescript } from 'projen';
import { issueTemplates } from './projenrc/issue-templates';
import { METAFILES } from './scripts/supply-chain/bundled-packages';

const LOCAL_ENGINE = 'src/local/**';

const READ_ONLY: github.workflows.JobPermissions = { contents: github.workflows.JobPermission.READ };
/** Unlike the test of the same, it fails where the registry does not answer. */
const AUDIT: github.workflows.JobStep = { name: 'Audit what ships', run: 'npm run audit:shipped' };

const BUNDLING: Partial<javascript.AddBundleOptions> = {
  // The SDK is bundled: the tested version is the deployed version, and one small file loads faster than the runtime's many.
  externals: [],
  minify: true,
  // The bundles also run on the Node.js of the machine that runs the local engine and the tests.
  esbuildArgs: {
    '--target': 'node20',
    // ES modules, where a package brings them: of those, what is not used is left out.
    '--main-fields': 'module,main',
    // A function's credentials are in its environment. The SDK's own chain of providers would be a third of each bundle.
    '--alias:@aws-sdk/credential-provider-node': './src/adapters/environment-credentials.ts',
    '--log-level': 'warning',
  },
  watchTask: false,
};

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-webhook-scheduler',
  packageManager: javascript.NodePackageManager.NPM,
  description: 'Schedule webhooks on AWS: publish a request with a date, and it fires at that millisecond.',
  keywords: ['aws', 'cdk', 'webhook', 'scheduler', 'schedule', 'delay', 'sns', 'sqs', 'dynamodb', 'lambda', 'serverless'],
  author: 'The cdk-webhook-scheduler authors',
  authorAddress: 'maintainers@cdk-webhook-scheduler.dev',
  authorOrganization: true,
  repositoryUrl: 'https://github.com/cdk-webhook-scheduler/cdk-webhook-scheduler.git',
  license: 'Apache-2.0',
  copyrightOwner: 'The cdk-webhook-scheduler authors',
  defaultReleaseBranch: 'main',
  stability: 'experimental',

  // 2.224.0 is the first aws-cdk-lib that knows `nodejs24.x`, the runtime the handlers deploy to.
  // Nothing else here needs a later one, so this is the oldest version an app may have.
  cdkVersion: '2.224.0',
  constructsVersion: '10.4.2',
  jsiiVersion: '~6.0.0',
  typescriptVersion: '~6.0.0',
  minNodeVersion: '20.16.0',
  workflowNodeVersion: '24',

  // PyPI knows the workflow by GitHub's word, so that there is no password to leak.
  publishToPypi: { distName: 'cdk-webhook-scheduler', module: 'cdk_webhook_scheduler', trustedPublishing: true },
  publishToMaven: {
    javaPackage: 'io.github.cdkwebhookscheduler',
    mavenGroupId: 'io.github.cdk-webhook-scheduler',
    mavenArtifactId: 'cdk-webhook-scheduler',
  },
  publishToNuget: { dotNetNamespace: 'CdkWebhookScheduler', packageId: 'CdkWebhookScheduler' },
  publishToGo: { moduleName: 'github.com/cdk-webhook-scheduler/cdk-webhook-scheduler-go' },

  // It is run with the secrets of five registries: by the version that was looked at.
  jsiiReleaseVersion: '0.2.1061',

  projenrcTs: true,
  runner: typescript.TypeScriptRunner.tsx(),
  tsconfigDevFile: 'tsconfig.dev.json',
  tsconfigDev: {
    compilerOptions: {
      // The emulators of the local engine are ES modules behind an `exports` map.
      module: 'node20',
      moduleResolution: javascript.TypeScriptModuleResolution.NODE16,
      paths: { 'cdk-webhook-scheduler': ['./src/index.ts'] },
      noEmit: true,
    },
    include: ['.projenrc.ts'],
    exclude: ['node_modules', 'lib', 'dist', 'cdk.out'],
  },
  // The local engine runs from the sources through tsx and is no part of the package: its emulators are development dependencies.
  excludeTypescript: [LOCAL_ENGINE],
  sampleCode: false,

  lambdaOptions: {
    runtime: awscdk.LambdaRuntime.NODEJS_24_X,
    // An AWS SDK for JavaScript v2 variable; version 3 keeps connections alive by itself.
    awsSdkConnectionReuse: false,
    bundlingOptions: BUNDLING,
  },

  devDeps: [
    '@aws-cdk/integ-runner',
    // It takes any aws-cdk-lib from 2.214.0 on; a later one could ask for more than the oldest that is supported here.
    '@aws-cdk/integ-tests-alpha@2.214.0-alpha.0',
    '@aws-lambda-powertools/logger',
    '@aws-lambda-powertools/metrics',
    '@aws-sdk/client-cloudformation',
    '@aws-sdk/client-dynamodb',
    '@aws-sdk/client-secrets-manager',
    '@aws-sdk/client-sns',
    '@aws-sdk/client-sqs',
    '@smithy/node-http-handler',
    '@smithy/types',
    '@types/aws-lambda',
    'ajv@^8.20.0',
    // The peer that the bench measures side by side, and its client of Redis.
    'bullmq',
    // 2.38 needs constructs 10.5.1, 3.x also aws-cdk-lib 2.257.0.
    'cdk-nag@~2.37.55',
    'dynalite@^4.0.0',
    'fast-check@^4.0.0',
    // 2.x needs Node.js 22.5.
    'fauxqs@~1.9.2',
    'ioredis',
    // 4 and later are ES modules, which jest does not load.
    'p-limit@^3.1.0',
    'spdx-license-list',
    'standardwebhooks',
    'tsx',
  ],

  jestOptions: {
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    junitReporting: false,
    jestConfig: {
      moduleNameMapper: { '^cdk-webhook-scheduler$': '<rootDir>/src/index.ts' },
      collectCoverage: false,
      // Two cores: two workers, whatever else the machine reports.
      maxWorkers: 2,
      // What suites leave behind adds up to gigabytes, over which the last ones took several times as long.
      workerIdleMemoryLimit: '500MB',
      testSequencer: '<rootDir>/test/support/slow-first.js',
      testTimeout: 60_000,
      globalSetup: '<rootDir>/test/support/global-setup.ts',
      setupFiles: ['<rootDir>/test/support/setup.ts'],
    },
  },
  eslintOptions: { dirs: ['src'], devdirs: ['test', 'examples', 'bench', 'scripts'], projectService: false, tsconfigPath: './tsconfig.dev.json' },

  gitignore: ['cdk.out', '.DS_Store', '*.tgz', '__pycache__', '/bench/results/', `/${METAFILES}/`, 'cdk-integ.out.*', '/test/integ/*.snapshot/asset.*', '.jsii.tabl.json'],
  depsUpgrade: true,
  // Days that a version has to be out: most that were published with ill intent are withdrawn sooner.
  depsUpgradeOptions: { cooldown: 7 },
  githubOptions: { mergify: false },
  // A pull request is built as it is, by a token that can read the repository and no more.
  buildWorkflowOptions: { mutableBuild: false, permissions: READ_ONLY },
  // Of each build, and of a release before anything is published.
  postBuildSteps: [AUDIT],
  autoApproveUpgrades: false,
});

// What an app needs, and nothing of what the repository needs. The handlers ship as bundles, so that of the code they are made of
// only what the construct itself reads is left.
project.npmignore?.exclude(
  '/examples/', '/bench/', '/scripts/', '/docs/', '/rosetta/', '/.ci/', `/${METAFILES}/`, '.npmrc', 'cdk.out', '*.tgz', '.jsii.tabl.json',
  '/CHANGELOG.md', '/CONTRIBUTING.md', '/SECURITY.md',
  '/lib/adapters/*', '/lib/core/*', '/lib/handlers/*',
);
project.npmignore?.include(
  '/lib/adapters/table-keys.*',
  ...['addresses', 'attempt', 'date', 'headers', 'log-events', 'manifest', 'metric-names', 'network', 'retry', 'signing', 'timing'].map((name) => `/lib/core/${name}.*`),
  '/lib/handlers/environment.*', '/lib/handlers/*-function.*',
);
// A source map would hold the sources a second time.
project.tsconfig?.file.addOverride('compilerOptions.inlineSourceMap', false);
project.tsconfig?.file.addOverride('compilerOptions.inlineSources', false);

// The lock file names packages and versions, never the registry that served them.
project.npmrc.addConfig('omit-lockfile-registry-resolved', 'true');

// Each brings its binaries along, and works without its script. npm 11.16 knows this list, npm 12 runs nothing that is not allowed.
project.package.addField('allowScripts', { '@parcel/watcher': false, 'classic-level': false, 'esbuild': false, 'msgpackr-extract': false });

project.eslint?.allowDevDeps(LOCAL_ENGINE);
project.eslint?.allowDevDeps('src/adapters/**');
project.eslint?.allowDevDeps('src/handlers/**');

// jsii says at length that it is not tested on this Node.js; the build says whether it works.
for (const warning of ['END_OF_LIFE', 'DEPRECATED', 'UNTESTED']) {
  project.tasks.addEnvironment(`JSII_SILENCE_WARNING_${warning}_NODE_VERSION`, '$(node --print "process.versions.node.split(\'.\')[0]")');
}

// esbuild says of what it made each bundle; the licences of that are written next to the bundles.
const bundle = project.tasks.tryFind('bundle')!;
for (const task of project.tasks.all.filter(({ name }) => name.startsWith('bundle:'))) {
  const [{ execArgs = [] }] = task.steps;
  task.updateStep(0, { execArgs: [...execArgs, `--metafile=${METAFILES}/${task.name.replace('bundle:', '')}.json`] });
}
bundle.exec('node --import tsx scripts/third-party-licenses.ts');

const checkTypes = project.addTask('check-types', {
  description: 'Type-check everything, tests and local engine included',
  exec: 'tsc --noEmit -p tsconfig.dev.json',
});
const test = project.testTask;
test.prependSpawn(checkTypes);
test.prependSpawn(bundle);

// What the examples are in each language, for its documentation. None may be wrong; what is translated already is left alone.
const rosetta = project.addTask('rosetta', {
  description: 'Compile the examples of README and API reference strictly, and translate them',
  condition: 'node -e "const t = (f) => require(\'fs\').statSync(f, { throwIfNoEntry: false })?.mtimeMs ?? 0; process.exit(t(\'.jsii.tabl.json\') > t(\'.jsii\') ? 1 : 0)"',
  exec: 'jsii-rosetta extract --strict',
});
['java', 'python', 'dotnet', 'go'].forEach((language) => project.tasks.tryFind(`package:${language}`)!.prependSpawn(rosetta));

// Where a toolchain or registry is missing, `package-all` says so and generates the code only; a release runs each of the others, which fail.
const packageAll = project.tasks.tryFind('package-all')!;
packageAll.reset();
packageAll.spawn(project.tasks.tryFind('package:js')!);
packageAll.exec('node --import tsx scripts/package-languages.ts');

// Integration tests as CDK has them: compared with their snapshots without an account, deployed with one.
const integ = 'integ-runner --directory test/integ --language typescript --app "npx tsx --tsconfig tsconfig.dev.json {filePath}" --test-regex "^integ\\..*\\.ts$"';
project.addTask('integ', { description: 'Compare the integration tests with their snapshots', exec: integ });
for (const [name, description, options] of [
  ['update', 'Write the snapshots of the integration tests anew', '--dry-run --force --update-on-failed --parallel-regions us-east-1'],
  ['deploy', 'Deploy the integration tests, check what they say, and delete them again', '--force --update-on-failed'],
]) {
  const task = project.addTask(`integ:${name}`, { description });
  task.spawn(bundle);
  task.exec(`${integ} ${options}`);
}

// What people run. Each bundles the handlers first, and then becomes the program itself: a shell in between would keep signals from it.
for (const [name, script] of Object.entries({
  'demo': 'scripts/demo.ts', 'local': 'src/local/cli.ts', 'bench': 'bench/bench.ts', 'audit:shipped': 'scripts/audit.ts', 'dashboard': 'scripts/dashboard.ts',
})) {
  project.setScript(`pre${name}`, 'projen bundle');
  project.setScript(name, `exec node --import tsx ${script}`);
}
// These need no bundle: they run the handlers from their sources, or what is deployed.
for (const [name, script] of Object.entries({ simulate: 'simulate', fuzz: 'fuzz', scale: 'scale', e2e: 'end-to-end' })) {
  project.setScript(name, `exec node --import tsx scripts/${script}.ts`);
}

// Vulnerabilities become known when nothing has changed here.
const auditWorkflow = new github.GithubWorkflow(project.github!, 'audit');
auditWorkflow.on({ schedule: [{ cron: '0 6 * * *' }], workflowDispatch: {} });
auditWorkflow.addJob('audit', {
  runsOn: ['ubuntu-latest'],
  permissions: READ_ONLY,
  steps: [github.WorkflowSteps.checkout(), ...project.renderWorkflowSetup({ mutable: false }), AUDIT],
});

// The publisher knows npm's public registry by itself.
const releaseWorkflow = project.tryFindObjectFile('.github/workflows/release.yml');
releaseWorkflow?.addDeletionOverride('jobs.release_npm.steps.9.env.NPM_REGISTRY');

issueTemplates(project);

project.synth();
