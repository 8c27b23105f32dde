// What the construct checks of its settings at synthesis: each error names the setting, what came and what was expected.
import { Duration, IResource, Token } from 'aws-cdk-lib';
import { isHostPattern } from './core/network';

/** Requires a value that is no token. */
export function requireKnown(name: string, isToken: boolean, literal: string): void {
  if (isToken) {
    throw new Error(`${name} has to be known at synthesis, and is a token; pass a literal ${literal}`);
  }
}

/** Requires whole seconds from `least` to `most`. */
export function requireBetween(name: string, value: Duration, least: Duration, most: Duration): void {
  requireKnown(name, value.isUnresolved(), 'Duration');
  if (value.toMilliseconds() % 1000 !== 0) {
    throw new Error(`${name} is ${value.toHumanString()}, expected whole seconds`);
  }
  if (value.toMilliseconds() < least.toMilliseconds() || value.toMilliseconds() > most.toMilliseconds()) {
    throw new Error(`${name} is ${value.toHumanString()}, expected ${least.toHumanString()} to ${most.toHumanString()}`);
  }
}

/** Requires a number for which `holds`, described by `expected`. */
export function requireNumber(name: string, value: number, holds: boolean, expected: string): void {
  requireKnown(name, Token.isUnresolved(value), 'number');
  if (!holds) {
    throw new Error(`${name} is ${value}, expected ${expected}`);
  }
}

/** Requires a whole number from `least` to `most`, where one is given. */
export function requireWholeNumber(name: string, value: number | undefined, least: number, most: number): void {
  if (value !== undefined) {
    requireNumber(name, value, Number.isInteger(value) && value >= least && value <= most, `a whole number from ${least} to ${most}`);
  }
}

/** Requires texts for each of which `holds`, described by `expected`. */
export function requireTexts(name: string, texts: readonly string[], holds: (text: string) => boolean, expected: string): void {
  requireKnown(name, Token.isUnresolved(texts), 'list of strings');
  texts.forEach((text, index) => {
    requireKnown(`${name}[${index}]`, Token.isUnresolved(text), 'string');
    if (!holds(text)) {
      throw new Error(`${name}[${index}] is ${JSON.stringify(text)}, expected ${expected}`);
    }
  });
}

/** Requires patterns of hosts, as `matchesHost` reads them. */
export function requireHostPatterns(name: string, patterns: readonly string[]): void {
  requireTexts(name, patterns, isHostPattern, 'a host in lower-case ASCII such as api.example.com or *.example.com, without port and path');
}

/** Requires the name of a standard topic, where one is given and known: https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html */
export function requireTopicName(name: string, topicName: string | undefined): void {
  if (topicName !== undefined && !Token.isUnresolved(topicName) && !/^[A-Za-z0-9_-]{1,256}$/.test(topicName)) {
    throw new Error(`${name} is ${JSON.stringify(topicName)}, expected 1 to 256 letters, digits, hyphens and underscores`);
  }
}

/** Requires the ARN of a standard topic, where it is known. */
export function requireTopicArn(name: string, topicArn: string): void {
  if (!Token.isUnresolved(topicArn) && !/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/.test(topicArn)) {
    throw new Error(`${name} is ${JSON.stringify(topicArn)}, expected the ARN of a standard SNS topic, such as arn:aws:sns:eu-west-1:111122223333:name`);
  }
}

/** Requires a resource of the same region, as far as the regions are known: functions ask the services of their own region only. */
export function requireRegion(name: string, resource: IResource, region: string): void {
  const actual = resource.env.region;
  if (!Token.isUnresolved(actual) && !Token.isUnresolved(region) && actual !== region) {
    throw new Error(`${name} is in ${actual}, expected ${region}, the region of the scheduler`);
  }
}
