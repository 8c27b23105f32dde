// The quotas of AWS that bound a scheduler, each with the page that states it. Read on 25 November 2026, that of a VPC on 1 December.

export interface Quota {
  readonly value: number;
  /** What there is so much of; `{}` stands for the value. */
  readonly what: string;
  /** How it can be raised; absent where it cannot. */
  readonly raise?: string;
  readonly source: string;
}

const LAMBDA = 'https://docs.aws.amazon.com/lambda/latest/dg/';
const SQS_SCALING = `${LAMBDA}services-sqs-scaling.html`;
const SQS_PARAMETERS = `${LAMBDA}services-sqs-parameters.html`;
const LAMBDA_SCALING = `${LAMBDA}scaling-behavior.html`;
const LAMBDA_LIMITS = `${LAMBDA}gettingstarted-limits.html`;
const DYNAMODB = 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/';
const WARM_THROUGHPUT = `${DYNAMODB}warm-throughput-scenarios.html`;
const DYNAMODB_LIMITS = `${DYNAMODB}ServiceQuotas.html`;
const SQS = 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/';
const SNS_LIMITS = 'https://docs.aws.amazon.com/general/latest/gr/sns.html';

const onRequest = 'on request';

/** How Lambda reads a queue without provisioned pollers. */
const standard = {
  initial: { value: 5, what: 'invocations at a time at first: {}', source: SQS_SCALING },
  idle: { value: 2, what: '… after a time of little traffic, unless `maxConcurrency` is set: as few as {}', source: SQS_SCALING },
  growthPerMinute: { value: 300, what: '… and up to {} more a minute while messages wait', source: SQS_SCALING },
  most: { value: 1_250, what: '… up to {} for a queue', raise: onRequest, source: SQS_SCALING },
} satisfies Record<string, Quota>;

/** The same with provisioned pollers. */
const provisioned = {
  perPoller: { value: 10, what: 'invocations at a time for each provisioned poller: {}', source: SQS_SCALING },
  receivesPerSecond: { value: 10, what: '… and {} calls of ReceiveMessage a second', source: SQS_SCALING },
  // Not in the model: a hundred messages of a kilobyte or two are less.
  megabytesPerSecond: { value: 1, what: '… and {} MB of messages a second', source: SQS_PARAMETERS },
  growthPerMinute: { value: 1_000, what: '… up to {} more invocations at a time each minute', source: SQS_SCALING },
  most: { value: 20_000, what: '… up to {} for a queue', source: 'https://aws.amazon.com/blogs/aws/aws-lambda-enhances-sqs-processing-with-new-provisioned-mode-3x-faster-scaling-16x-higher-capacity' },
} satisfies Record<string, Quota>;

const lambda = {
  concurrency: { value: 1_000, what: 'invocations at a time, of all functions of the account in a region: {}; less for a new account', raise: onRequest, source: LAMBDA_LIMITS },
  newEnvironments: { value: 1_000, what: 'new execution environments of a function in ten seconds: {}', source: LAMBDA_SCALING },
  files: { value: 1_024, what: 'files, sockets among them, that an execution environment has open: {}', source: LAMBDA_LIMITS },
  memoryOfOneCpu: { value: 1_769, what: 'MiB of memory that come with the time of one processor: {}', source: `${LAMBDA}configuration-memory.html` },
  eventBytes: { value: 6 * 1024 * 1024, what: 'bytes of a batch: {}', source: LAMBDA_LIMITS },
} satisfies Record<string, Quota>;

const vpc = {
  dnsPackets: { value: 1_024, what: 'packets a second that a network interface of a VPC may send to the resolver: {}; the others are dropped', source: 'https://docs.aws.amazon.com/whitepapers/latest/hybrid-cloud-dns-options-for-vpc/constraints.html' },
} satisfies Record<string, Quota>;

const dynamodb = {
  newTableWrites: { value: 4_000, what: 'write units a second that a new on-demand table takes: {}; it grows with its traffic, by no more than double in half an hour', raise: '[warm throughput](#warming-the-table)', source: WARM_THROUGHPUT },
  newTableReads: { value: 12_000, what: '… and read units: {}', raise: '[warm throughput](#warming-the-table)', source: WARM_THROUGHPUT },
  partitionWrites: { value: 1_000, what: 'write units a second of one partition: {}', raise: '`partitions`', source: WARM_THROUGHPUT },
  partitionReads: { value: 3_000, what: '… and read units: {}', raise: '`partitions`', source: WARM_THROUGHPUT },
  tableUnits: { value: 40_000, what: 'write units a second of a table, and as many read units: {}', raise: onRequest, source: DYNAMODB_LIMITS },
  pageBytes: { value: 1024 * 1024, what: 'bytes that a page of a Query reads: {}', source: `${DYNAMODB}Query.Pagination.html` },
} satisfies Record<string, Quota>;

const sqs = {
  inFlight: { value: 120_000, what: 'messages of a queue that are being handled: about {}', raise: onRequest, source: `${SQS}quotas-queues.html` },
  batch: { value: 10, what: 'messages to a call: {}; calls a second: nearly without a limit', source: `${SQS}quotas-messages.html` },
} satisfies Record<string, Quota>;

const sns = {
  publish: { value: 30_000, what: 'messages published a second, batched or not, in us-east-1: {}; 9,000 in us-west-2 and eu-west-1, 300 in the smallest regions', raise: onRequest, source: SNS_LIMITS },
} satisfies Record<string, Quota>;

export const QUOTAS = { sns, standard, provisioned, lambda, vpc, dynamodb, sqs };
