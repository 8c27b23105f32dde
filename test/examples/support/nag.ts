// Loaded before an example app: writes down what cdk-nag finds in it, as a file beside its templates.
import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { App, Aspects } from 'aws-cdk-lib';
import { AwsSolutionsChecks, INagLogger, NagLoggerErrorData, NagLoggerNonComplianceData } from 'cdk-nag';
import { NAG_FINDINGS_FILE } from './examples';

const findings: string[] = [];
const add = ({ resource, ruleId, findingId }: { resource: { node: { path: string } }; ruleId: string; findingId?: string }): void => {
  findings.push(`${ruleId}${findingId ? `[${findingId}]` : ''} on ${resource.node.path}`);
};
const nothing = (): void => undefined;
const logger: INagLogger = {
  onCompliance: nothing,
  onNonCompliance: (data: NagLoggerNonComplianceData) => add(data),
  onSuppressed: nothing,
  // A rule that could not be judged is no rule that holds.
  onError: (data: NagLoggerErrorData) => add({ ...data, findingId: data.errorMessage }),
  onSuppressedError: nothing,
  onNotApplicable: nothing,
};

const { synth } = App.prototype;
App.prototype.synth = function synthWithNag(this: App, options) {
  Aspects.of(this).add(new AwsSolutionsChecks({ reports: false, additionalLoggers: [logger] }));
  const assembly = synth.call(this, options);
  writeFileSync(path.join(assembly.directory, NAG_FINDINGS_FILE), JSON.stringify(findings));
  return assembly;
};
