export * from './network-policy';
export * from './retry-policy';
export * from './secret-header';
export * from './webhook-scheduler';
export * from './webhook-scheduler-base';
export * from './webhook-scheduler-props';
export * from './webhook-signing';
