export * from './webhook-scheduler';
