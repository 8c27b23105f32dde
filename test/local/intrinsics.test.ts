import { removeTemporaryDirectories, writeAssembly } from './fixture';
import { readAssembly, type StackTemplate } from '../../src/local/assembly';
import { Intrinsics, type ResourceRef } from '../../src/local/intrinsics';
import type { Json } from '../../src/local/json';

afterAll(removeTemporaryDirectories);

const TEMPLATE = {
  Parameters: {
    Size: { Type: 'Number', Default: 7 },
    Zones: { Type: 'CommaDelimitedList', Default: 'a, b' },
    Asked: { Type: 'String' },
    Stored: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/some/name' },
  },
  Conditions: {
    Yes: { 'Fn::Equals': ['a', 'a'] },
    No: { 'Fn::Not': [{ Condition: 'Yes' }] },
    Both: { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] },
    Either: { 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'No' }] },
    Local: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] },
  },
  Mappings: { Regions: { 'us-east-1': { name: 'Virginia', list: ['x', 'y'] } } },
  Resources: { Queue: { Type: 'AWS::SQS::Queue' }, Topic: { Type: 'AWS::SNS::Topic' } },
  Outputs: { Shared: { Value: { 'Fn::GetAtt': ['Queue', 'Arn'] }, Export: { Name: { 'Fn::Sub': '${AWS::StackName}-queue' } } } },
};

function setUp(environment?: string): { stack: StackTemplate; intrinsics: Intrinsics; resolve: (value: Json) => Json | undefined } {
  const stacks = readAssembly(writeAssembly(TEMPLATE, { environment }));
  const intrinsics = new Intrinsics(stacks, ({ logicalId }: ResourceRef, attribute) => `<${logicalId}${attribute ? `.${attribute}` : ''}>`);
  return { stack: stacks[0], intrinsics, resolve: value => intrinsics.resolve(stacks[0], value) };
}

describe('resolve', () => {
  const { resolve } = setUp();

  test.each<[string, Json, Json | undefined]>([
    ['plain values', { a: [1, 'b', true, { c: null }] }, { a: [1, 'b', true, {}] }],
    ['Ref of a resource', { Ref: 'Queue' }, '<Queue>'],
    ['Ref of a parameter', { Ref: 'Size' }, 7],
    ['Ref of a list parameter', { Ref: 'Zones' }, ['a', 'b']],
    ['Ref of a pseudo parameter', { Ref: 'AWS::Partition' }, 'aws'],
    ['AWS::NoValue, which disappears', { a: { Ref: 'AWS::NoValue' }, b: [{ Ref: 'AWS::NoValue' }, 1] }, { b: [1] }],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Queue', 'Arn'] }, '<Queue.Arn>'],
    ['GetAtt as a text', { 'Fn::GetAtt': 'Queue.Arn' }, '<Queue.Arn>'],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Queue' }, 3]] }, 'a-<Queue>-3'],
    ['Join of a list function', { 'Fn::Join': ['-', { Ref: 'Zones' }] }, 'a-b'],
    ['Split and Select', { 'Fn::Select': ['1', { 'Fn::Split': [':', 'x:y:z'] }] }, 'y'],
    ['Sub', { 'Fn::Sub': '${Queue}/${Queue.Arn}/${AWS::Region}/${!Literal}' }, '<Queue>/<Queue.Arn>/us-east-1/${Literal}'],
    ['Sub with variables', { 'Fn::Sub': ['${A}${Size}', { A: { Ref: 'Topic' } }] }, '<Topic>7'],
    ['If', [{ 'Fn::If': ['Yes', 1, { Ref: 'Missing' }] }, { 'Fn::If': ['No', { Ref: 'Missing' }, 2] }], [1, 2]],
    ['And, Or and a pseudo parameter', ['Both', 'Either', 'Local'].map(name => ({ 'Fn::If': [name, 'y', 'n'] })), ['n', 'y', 'y']],
    ['FindInMap', { 'Fn::FindInMap': ['Regions', { Ref: 'AWS::Region' }, 'name'] }, 'Virginia'],
    ['ImportValue', { 'Fn::ImportValue': 'Stack-queue' }, '<Queue.Arn>'],
    ['Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
  ])('%s', (_, value, expected) => {
    expect(resolve(value)).toEqual(expected);
  });

  test.each<[string, Json, RegExp]>([
    ['an unknown name', { Ref: 'Nothing' }, /"Nothing" is neither a resource nor a parameter/],
    ['a parameter without default', { Ref: 'Asked' }, /parameter Asked has no default/],
    ['a parameter from the parameter store', { Ref: 'Stored' }, /Stored takes its value from the Systems Manager parameter store/],
    ['a dynamic reference', 'x{{resolve:ssm:/a}}', /dynamic reference .*resolve:ssm/],
    ['a dynamic reference that is put together', { 'Fn::Join': ['', ['{{resolve:', 'ssm:/a}}']] }, /dynamic reference/],
    ['an unknown function', { 'Fn::GetAZs': '' }, /Fn::GetAZs is not supported/],
    ['a missing export', { 'Fn::ImportValue': 'elsewhere' }, /no stack of the assembly exports "elsewhere"/],
    ['a missing map entry', { 'Fn::FindInMap': ['Regions', 'mars', 'name'] }, /finds no Regions.mars.name/],
    ['a missing condition', { 'Fn::If': ['Never', 1, 2] }, /condition Never is not in the template/],
  ])('names what cannot be resolved: %s', (_, value, message) => {
    expect(() => resolve(value)).toThrow(message);
  });

  test('takes region from the stack, and the one account of the emulators', () => {
    const { resolve: resolveThere } = setUp('aws://111122223333/eu-west-1');
    expect(resolveThere({ Ref: 'AWS::Region' })).toBe('eu-west-1');
    expect(resolveThere({ Ref: 'AWS::AccountId' })).toBe('000000000000');
    expect(resolveThere({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':sqs:eu-west-1:111122223333:mine']] }))
      .toBe('arn:aws:sqs:eu-west-1:000000000000:mine');
  });
});

describe('references', () => {
  const { stack, intrinsics } = setUp();

  test.each<[string, Json, string[]]>([
    ['Ref', { Ref: 'Queue' }, ['Queue']],
    ['a parameter', { Ref: 'Size' }, []],
    ['GetAtt deep inside', { a: [{ b: { 'Fn::GetAtt': ['Topic', 'TopicName'] } }] }, ['Topic']],
    ['Sub', { 'Fn::Sub': ['${Queue.Arn} ${V} ${!Topic}', { V: { Ref: 'Topic' } }] }, ['Queue', 'Topic']],
    ['only the branch that is taken', { 'Fn::If': ['No', { Ref: 'Queue' }, { Ref: 'Topic' }] }, ['Topic']],
    ['an export', { 'Fn::ImportValue': 'Stack-queue' }, ['Queue']],
  ])('%s', (_, value, expected) => {
    expect(intrinsics.references(stack, value).map(ref => ref.logicalId)).toEqual(expected);
  });
});
