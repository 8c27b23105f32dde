// Tells of the queue messages that no function could handle, and puts them aside where they stay until an operator moves them back.
import { Clock } from './clock';
import { FollowUp } from './follow-up';
import { LOG_DEAD_LETTER } from './log-events';
import { parseNotification } from './notification';
import { DeadLetter, FailureReporter, Log, StateStore, UnreportedQueue } from './ports';
import { parseOutcome } from './queue-message';
import { hasEnded, isLeased, State } from './state';
