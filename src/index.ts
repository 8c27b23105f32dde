export * from './retry-policy';
export * from './webhook-scheduler';
