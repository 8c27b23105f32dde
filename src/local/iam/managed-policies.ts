// The managed policies of AWS that functions commonly have.
// https://docs.aws.amazon.com/lambda/latest/dg/permissions-managed-policies.html

import { type Statement } from './policy';

const LOGS = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];
const NETWORK_INTERFACES = [
  'ec2:CreateNetworkInterface', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets', 'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses', 'ec2:UnassignPrivateIpAddresses',
];
const QUEUE = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole': LOGS,
  'arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole': [...LOGS, ...NETWORK_INTERFACES],
  'arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole': [...QUEUE, ...LOGS],
};

export function managedPolicy(arn: string): Statement[] {
  const actions = ACTIONS[arn];
  if (!actions) throw new Error(`the managed policy ${arn} is not known here; supported are policies of the assembly and ${Object.keys(ACTIONS).join(', ')}`);
  return [{ effect: 'Allow', actions, notActions: false, resources: ['*'], notResources: false, conditions: [] }];
}
