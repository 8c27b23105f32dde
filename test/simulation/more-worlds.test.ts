// The second half of the simulated worlds: as `simulation.test.ts`, on the other worker.
import { testWorlds } from './worlds';

testWorlds(250, 250);
