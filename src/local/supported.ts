// What the engine does with each property of each resource type: applies it, or accepts it without a local effect, and why.
// A type or a property that is not listed here is an error: nothing in a template is skipped in silence.

import { type Json, asBoolean, asNumber, asString, isObject, show } from './json';

export interface PropertyRule {
  /** `accepted`: has no effect here, for the reason in `why`; what only such a property refers to is not run. */
  readonly effect: 'applied' | 'accepted';
  readonly why?: string;
  /** What it refers to runs all the same, so that it is there to look at. */
  readonly follow?: boolean;
  /** Returns what is supported instead, where the resolved value is not. */
  readonly check?: (value: Json) => string | undefined;
  /** Rules for the properties of an object, or of each object of a list. */
  readonly fields?: PropertyRules;
}
export type PropertyRules = Readonly<Record<string, PropertyRule>>;

export interface TypeRule {
  readonly properties: PropertyRules | 'any';
  /** For types with nothing to do here (`properties: 'any'`): why. */
  readonly why?: string;
  /** A resource of this type joins when one of these properties refers to a resource that runs. */
  readonly attachesBy?: readonly string[];
}

type Check = (value: Json) => string | undefined;

const applied = (check?: Check): PropertyRule => ({ effect: 'applied', check });
const object = (fields: PropertyRules, check?: Check): PropertyRule => ({ effect: 'applied', fields, check });
const accepted = (why: string): PropertyRule => ({ effect: 'accepted', why });

const flag: Check = value => (asBoolean(value) === undefined ? 'true or false' : undefined);
const text: Check = value => (asString(value) === undefined ? 'a string' : undefined);
const onlyFalse = (instead: string): Check => value => (asBoolean(value) === false ? undefined : instead);
const oneOf = (...values: string[]): Check => value => (values.includes(asString(value) ?? '') ? undefined : values.join(' or '));
const wholeNumber = (min: number, max: number): Check => value => {
  const number = asNumber(value);
  return number !== undefined && Number.isInteger(number) && number >= min && number <= max ? undefined : `a whole number from ${min} to ${max}`;
};
const arnOf = (service: string): Check => value =>
  (asString(value)?.startsWith(`arn:aws:${service}:`) ? undefined : `the ARN of ${service === 'sqs' ? 'an SQS queue' : `a ${service} resource`}`);
const list: Check = value => (Array.isArray(value) ? undefined : 'a list');

const TAGS = accepted('tags do not change what runs');
const ENCRYPTION = accepted('the emulators keep everything in memory');
/** Nothing is encrypted, but who may use the key matters; so the key runs, as far as a key does. */
const KEY: PropertyRule = { effect: 'accepted', follow: true, why: 'nothing is encrypted in memory; who may use the key is judged' };
const JUDGED = accepted('the engine judges every request by it');
const JUDGED_TOO: PropertyRule = { effect: 'accepted', follow: true, why: 'the engine judges every request by it' };
const MONITORING = accepted('nothing collects it on this machine');
const BACKUP = accepted('the table lives in memory and ends with the engine');

const RATE = /^rate\((\d+) (minute|minutes|hour|hours|day|days)\)$/;
const UNIT_SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };

/** Seconds of a `rate(...)` expression; `undefined` for any other. */
export function ratePeriodSeconds(expression: string | undefined): number | undefined {
  const [, count, unit] = RATE.exec(expression ?? '') ?? [];
  return count === undefined || Number(count) < 1 ? undefined : Number(count) * UNIT_SECONDS[unit.replace(/s$/, '')];
}
const rate: Check = value => (ratePeriodSeconds(asString(value)) === undefined ? 'rate(N minutes), rate(N hours) or rate(N days)' : undefined);

// The emulator is only right about these; see the check in the tests of the engine.
const FILTER_OPERATORS = new Set(['prefix', 'suffix', 'exists', 'anything-but']);
const FILTERS = 'exact strings, prefix, suffix, exists, and anything-but with strings';

const filterPolicy: Check = value => {
  const simple = (condition: Json): boolean => {
    if (typeof condition === 'string') return true;
    if (!isObject(condition)) return false;
    const [[operator, operand], ...others] = Object.entries(condition);
    if (others.length > 0 || !FILTER_OPERATORS.has(operator)) return false;
    if (operator !== 'anything-but') return true;
    return (Array.isArray(operand) ? operand : [operand]).every(item => typeof item === 'string');
  };
  const matches = (policy: Json): boolean =>
    (Array.isArray(policy) ? policy.every(simple) : isObject(policy) && Object.values(policy).every(matches));
  return isObject(value) && !('$or' in value) && matches(value) ? undefined : FILTERS;
};

const redrivePolicy: Check = value => {
  if (!isObject(value)) return 'an object';
  if (!asString(value.deadLetterTargetArn)?.startsWith('arn:aws:sqs:')) return 'a deadLetterTargetArn that is the ARN of an SQS queue';
  return wholeNumber(1, 1000)(value.maxReceiveCount ?? null) && 'a maxReceiveCount from 1 to 1000';
};

const environmentVariables: Check = value =>
  (isObject(value) && Object.values(value).every(item => asString(item) !== undefined) ? undefined : 'an object of strings');

const noneOf = (what: string): Check => value => (Array.isArray(value) && value.length === 0 ? undefined : `no ${what}`);

const KEYS = object({ AttributeName: applied(text), KeyType: applied(oneOf('HASH', 'RANGE')) });
const ATTRIBUTE_DEFINITIONS = object({ AttributeName: applied(text), AttributeType: applied(oneOf('S', 'N', 'B')) });
const BILLING = applied(oneOf('PAY_PER_REQUEST', 'PROVISIONED'));
const TTL = accepted('expired items stay until the engine ends; on AWS, too, they outlive their time by up to days');
const STREAM = applied(() => 'a table without a stream, since the DynamoDB emulator has none');
const GSI = applied(() => 'a table without secondary indexes');

const RETRY_POLICY = accepted('the call that starts an invocation only fails here if it is not allowed, and is not tried again then');
const TARGET_DLQ: PropertyRule = {
  effect: 'accepted', follow: true, why: 'the call that starts an invocation only fails here if it is not allowed, which the engine tells',
};
const ON_FAILURE = object({ Destination: applied(arnOf('sqs')) });

/** Every type that runs, or that is deliberately accepted. */
export const SUPPORTED: Readonly<Record<string, TypeRule>> = {
  'AWS::SNS::Topic': {
    properties: {
      TopicName: applied(text),
      DisplayName: accepted('shown in e-mails only'),
      FifoTopic: applied(onlyFalse('a standard topic')),
      ContentBasedDeduplication: applied(onlyFalse('a standard topic')),
      KmsMasterKeyId: KEY,
      SignatureVersion: accepted('the emulator signs nothing'),
      TracingConfig: MONITORING,
      DeliveryStatusLogging: MONITORING,
      Tags: TAGS,
    },
  },
  'AWS::SNS::Subscription': {
    attachesBy: ['TopicArn'],
    properties: {
      TopicArn: applied(text),
      Protocol: applied(oneOf('sqs')),
      Endpoint: applied(arnOf('sqs')),
      RawMessageDelivery: applied(flag),
      FilterPolicy: applied(filterPolicy),
      FilterPolicyScope: applied(oneOf('MessageAttributes', 'MessageBody')),
      Region: accepted('all regions are one emulator'),
      RedrivePolicy: object({ deadLetterTargetArn: applied(arnOf('sqs')) }),
    },
  },
  'AWS::SQS::Queue': {
    properties: {
      QueueName: applied(text),
      DelaySeconds: applied(wholeNumber(0, 900)),
      VisibilityTimeout: applied(wholeNumber(0, 43_200)),
      MessageRetentionPeriod: applied(wholeNumber(60, 1_209_600)),
      MaximumMessageSize: applied(wholeNumber(1024, 1_048_576)),
      ReceiveMessageWaitTimeSeconds: applied(wholeNumber(0, 20)),
      RedrivePolicy: object({ deadLetterTargetArn: applied(), maxReceiveCount: applied() }, redrivePolicy),
      RedriveAllowPolicy: accepted('SQS asks it when a queue is made that names this one as its dead-letter queue; here, all may'),
      FifoQueue: applied(onlyFalse('a standard queue')),
      ContentBasedDeduplication: applied(onlyFalse('a standard queue')),
      SqsManagedSseEnabled: ENCRYPTION,
      KmsMasterKeyId: KEY,
      KmsDataKeyReusePeriodSeconds: ENCRYPTION,
      Tags: TAGS,
    },
  },
  'AWS::DynamoDB::Table': {
    properties: {
      TableName: applied(text),
      KeySchema: KEYS,
      AttributeDefinitions: ATTRIBUTE_DEFINITIONS,
      BillingMode: BILLING,
      ProvisionedThroughput: accepted('the emulator throttles nothing'),
      OnDemandThroughput: accepted('the emulator throttles nothing'),
      WarmThroughput: accepted('the emulator throttles nothing'),
      GlobalSecondaryIndexes: GSI,
      LocalSecondaryIndexes: GSI,
      StreamSpecification: STREAM,
      TimeToLiveSpecification: TTL,
      SSESpecification: KEY,
      TableClass: accepted('a matter of price'),
      PointInTimeRecoverySpecification: BACKUP,
      DeletionProtectionEnabled: BACKUP,
      ContributorInsightsSpecification: MONITORING,
      ResourcePolicy: JUDGED,
      Tags: TAGS,
    },
  },
  'AWS::Lambda::Function': {
    properties: {
      Code: object({
        S3Bucket: accepted('the code is taken from the assembly'),
        S3Key: applied(text),
        S3ObjectVersion: accepted('the code is taken from the assembly'),
        ZipFile: applied(() => 'code from an asset of the assembly'),
        ImageUri: applied(() => 'code from an asset of the assembly'),
      }),
      Handler: applied(value => (/^[^.]+(\/[^.]+)*\.[^.]+$/.test(asString(value) ?? '') ? undefined : 'file.function')),
      Runtime: applied(value => (asString(value)?.startsWith('nodejs') ? undefined : 'a Node.js runtime (it runs on the Node.js of this machine)')),
      PackageType: applied(oneOf('Zip')),
      Timeout: applied(wholeNumber(1, 900)),
      MemorySize: applied(wholeNumber(128, 10_240)),
      Environment: object({ Variables: applied(environmentVariables) }),
      FunctionName: applied(text),
      ReservedConcurrentExecutions: applied(wholeNumber(0, 100_000)),
      DeadLetterConfig: object({ TargetArn: applied(arnOf('sqs')) }),
      LoggingConfig: object({
        LogFormat: applied(oneOf('JSON', 'Text')),
        ApplicationLogLevel: applied(text),
        SystemLogLevel: accepted('the engine writes no platform log lines'),
        LogGroup: applied(),
      }),
      Layers: applied(noneOf('layers')),
      FileSystemConfigs: applied(noneOf('file systems')),
      Role: applied(),
      Architectures: accepted('it runs on the architecture of this machine'),
      Description: accepted('shown in the console only'),
      EphemeralStorage: accepted('/tmp is that of this machine'),
      TracingConfig: MONITORING,
      KmsKeyArn: ENCRYPTION,
      RuntimeManagementConfig: accepted('it runs on the Node.js of this machine'),
      SnapStart: applied(value => (isObject(value) && value.ApplyOn === 'None' ? undefined : 'ApplyOn: None')),
      RecursiveLoop: accepted('loops are not detected here'),
      CodeSigningConfigArn: accepted('the code is taken from the assembly'),
      // Functions use the network of this machine; whether the role may join the VPC is judged.
      VpcConfig: object({
        SubnetIds: applied(list), SecurityGroupIds: applied(list), Ipv6AllowedForDualStack: accepted('functions use the network of this machine'),
      }),
      Tags: TAGS,
    },
  },
  'AWS::Lambda::EventSourceMapping': {
    attachesBy: ['FunctionName'],
    properties: {
      EventSourceArn: applied(arnOf('sqs')),
      FunctionName: applied(text),
      BatchSize: applied(wholeNumber(1, 10_000)),
      MaximumBatchingWindowInSeconds: applied(wholeNumber(0, 300)),
      Enabled: applied(flag),
      FunctionResponseTypes: applied(value =>
        (Array.isArray(value) && value.every(item => item === 'ReportBatchItemFailures') ? undefined : '["ReportBatchItemFailures"]')),
      ScalingConfig: object({ MaximumConcurrency: applied(wholeNumber(2, 1000)) }),
      ProvisionedPollerConfig: object({ MinimumPollers: applied(wholeNumber(2, 200)), MaximumPollers: applied(wholeNumber(2, 2000)) }),
      MetricsConfig: MONITORING,
      LoggingConfig: MONITORING,
      KmsKeyArn: ENCRYPTION,
      Tags: TAGS,
    },
  },
  'AWS::Lambda::EventInvokeConfig': {
    attachesBy: ['FunctionName'],
    properties: {
      FunctionName: applied(text),
      Qualifier: applied(oneOf('$LATEST')),
      MaximumRetryAttempts: applied(wholeNumber(0, 2)),
      MaximumEventAgeInSeconds: applied(wholeNumber(60, 21_600)),
      DestinationConfig: object({ OnFailure: ON_FAILURE }),
    },
  },
  'AWS::Events::Rule': {
    attachesBy: ['Targets'],
    properties: {
      Name: applied(text),
      ScheduleExpression: applied(rate),
      State: applied(oneOf('ENABLED', 'DISABLED')),
      Targets: object({
        Arn: applied(arnOf('lambda')), Id: applied(text), Input: applied(text), RetryPolicy: RETRY_POLICY, DeadLetterConfig: TARGET_DLQ,
      }, list),
      EventBusName: applied(oneOf('default')),
      Description: accepted('shown in the console only'),
      RoleArn: accepted('a rule invokes a function by the permission of the function'),
      Tags: TAGS,
    },
  },
  'AWS::Scheduler::Schedule': {
    attachesBy: ['Target'],
    properties: {
      Name: applied(text),
      ScheduleExpression: applied(rate),
      ScheduleExpressionTimezone: accepted('a rate has no time zone'),
      State: applied(oneOf('ENABLED', 'DISABLED')),
      FlexibleTimeWindow: accepted('the engine always ticks at the start of the window'),
      Target: object({ Arn: applied(arnOf('lambda')), RoleArn: applied(), Input: applied(text), RetryPolicy: RETRY_POLICY, DeadLetterConfig: TARGET_DLQ }),
      GroupName: accepted('groups do not change what runs'),
      Description: accepted('shown in the console only'),
      KmsKeyArn: ENCRYPTION,
    },
  },
  'AWS::SecretsManager::Secret': {
    properties: {
      Name: applied(text),
      SecretString: applied(text),
      GenerateSecretString: object({
        PasswordLength: applied(wholeNumber(1, 4096)),
        ExcludeCharacters: applied(text),
        ExcludeLowercase: applied(flag),
        ExcludeNumbers: applied(flag),
        ExcludePunctuation: applied(flag),
        ExcludeUppercase: applied(flag),
        IncludeSpace: applied(flag),
        RequireEachIncludedType: applied(flag),
        SecretStringTemplate: applied(text),
        GenerateStringKey: applied(text),
      }),
      KmsKeyId: KEY,
      Description: accepted('shown in the console only'),
      ReplicaRegions: accepted('one emulator serves all regions'),
      Tags: TAGS,
    },
  },
  'AWS::SecretsManager::RotationSchedule': { properties: 'any', why: 'nothing is rotated by itself here', attachesBy: ['SecretId'] },
  // Permissions: nothing to create, but the engine judges every request by them.
  'AWS::IAM::Role': {
    properties: {
      RoleName: JUDGED,
      Path: JUDGED,
      AssumeRolePolicyDocument: JUDGED,
      Policies: JUDGED,
      ManagedPolicyArns: JUDGED_TOO,
      PermissionsBoundary: JUDGED_TOO,
      MaxSessionDuration: accepted('the credentials of a function do not expire here'),
      Description: accepted('shown in the console only'),
      Tags: TAGS,
    },
  },
  'AWS::IAM::Policy': { properties: 'any', why: 'the engine judges every request by it', attachesBy: ['Roles'] },
  'AWS::IAM::RolePolicy': { properties: 'any', why: 'the engine judges every request by it', attachesBy: ['RoleName'] },
  'AWS::IAM::ManagedPolicy': { properties: 'any', why: 'the engine judges every request by it', attachesBy: ['Roles'] },
  'AWS::SNS::TopicPolicy': { properties: 'any', why: 'the engine judges every request by it', attachesBy: ['Topics'] },
  'AWS::SQS::QueuePolicy': { properties: 'any', why: 'the engine judges every request by it', attachesBy: ['Queues'] },
  'AWS::SecretsManager::ResourcePolicy': { properties: 'any', why: 'the engine judges every request by it', attachesBy: ['SecretId'] },
  'AWS::Lambda::Permission': { properties: 'any', why: 'the engine judges every invocation by it', attachesBy: ['FunctionName'] },
  'AWS::KMS::Key': { properties: 'any', why: 'the engine judges every use of it by its policy' },
  'AWS::KMS::Alias': {
    attachesBy: ['TargetKeyId'],
    properties: { AliasName: accepted('a name, and nothing more'), TargetKeyId: { effect: 'accepted', follow: true, why: 'the key that it stands for is judged' } },
  },
  // Functions use the network of this machine.
  'AWS::EC2::SecurityGroup': { properties: 'any', why: 'functions use the network of this machine' },
  'AWS::EC2::Subnet': { properties: 'any', why: 'functions use the network of this machine' },
  'AWS::EC2::SecurityGroupIngress': { properties: 'any', why: 'functions use the network of this machine', attachesBy: ['GroupId'] },
  'AWS::EC2::SecurityGroupEgress': { properties: 'any', why: 'functions use the network of this machine', attachesBy: ['GroupId'] },
  'AWS::Logs::LogGroup': {
    attachesBy: ['LogGroupName'],
    properties: {
      LogGroupName: accepted('log lines are events of the engine'),
      KmsKeyId: KEY,
      RetentionInDays: accepted('log lines are events of the engine'),
      LogGroupClass: accepted('log lines are events of the engine'),
      DataProtectionPolicy: accepted('log lines are shown as they are'),
      FieldIndexPolicies: MONITORING,
      ResourcePolicyDocument: accepted('nobody but the functions writes log lines here'),
      DeletionProtectionEnabled: accepted('log lines are events of the engine'),
      Tags: TAGS,
    },
  },
};

/** Problems of an owned resource's properties against the rules of its type; `value` is resolved, `path` names it. */
export function unsupportedProperties(rules: PropertyRules, value: Readonly<Record<string, Json>>, path = ''): string[] {
  return Object.entries(value).flatMap(([name, item]) => {
    const rule = rules[name];
    const here = `${path}${name}`;
    if (!rule) return [`property ${here} is not supported; supported are ${Object.keys(rules).map(key => path + key).join(', ')}`];
    const nested = rule.fields ? nestedProblems(rule.fields, item, here) : [];
    const instead = nested.length === 0 ? rule.check?.(item) : undefined;
    return instead ? [`property ${here} is ${show(item)}; supported is ${instead}`] : nested;
  });
}

function nestedProblems(fields: PropertyRules, value: Json, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => nestedProblems(fields, item, `${path}[${index}]`));
  return isObject(value) ? unsupportedProperties(fields, value, `${path}.`) : [`property ${path} is ${show(value)}; supported is an object`];
}
