// What tests of the handlers begin with: emulated services, endpoints on loopback, and the scheduler between them.
import { Cloud } from './cloud';
import { TestScheduler } from './test-scheduler';
import { Receiver, ReceiverOptions } from '../../scripts/support/receiver';

export interface EmulatedScheduler {
  readonly cloud: Cloud;
  readonly receiver: Receiver;
  readonly scheduler: TestScheduler;
}

/** Starts one for all tests of a file, and hands it over before the first of them. */
export function emulatedScheduler(
  started: (parts: EmulatedScheduler) => void, options?: ReceiverOptions, variables?: ConstructorParameters<typeof TestScheduler>[1],
): void {
  let parts: EmulatedScheduler;
  beforeAll(async () => {
    const cloud = await Cloud.start();
    const receiver = await Receiver.start(options);
    parts = { cloud, receiver, scheduler: new TestScheduler(cloud, variables) };
    started(parts);
  });
  afterAll(async () => {
    parts.scheduler.close();
    await parts.receiver.close();
    await parts.cloud.stop();
  });
}
