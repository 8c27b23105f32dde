export * from './retry-policy';
export * from './webhook-scheduler';
export * from './webhook-scheduler-props';
