import type { ErrorReport } from './errors.js';
import type { EventDraft } from './events.js';
import type { BlobRef } from './model-call.js';
import type { TaskDecision } from './task-graph.js';
import { isAsking, type TaskState } from './task-state.js';

/** What an event means for the task that it names. */
export const applyToTask = (task: TaskState, { type, at, agentId, data = {} }: EventDraft): void => {
  switch (type) {
    case 'task.assigned':
      task.status = 'running';
      task.agentId = agentId ?? null;
      task.steerings = Number(data['steerings'] ?? 0);
      task.lessons = (data['lessons'] as TaskState['lessons'] | undefined) ?? [];
      task.attempts = 1;
      task.startedAt ??= at;
      return;
    case 'task.answered':
      task.output = data['output'] as BlobRef;
      return;
    case 'task.reviewed':
      task.review = data['review'] as BlobRef;
      return;
    case 'task.revised':
      task.attempts += 1;
      return;
    case 'task.retried':
      task.tries += 1;
      task.attempts += 1;
      if (isAsking(task)) task.status = 'pending';
      task.question = null;
      return;
    case 'task.asked':
      // Asked again by whoever took it over without knowing: the same question.
      if (!isAsking(task)) task.asks += 1;
      task.question = data['failure'] as ErrorReport;
      return;
    case 'task.decided':
      task.decisions = [...task.decisions, data['decision'] as TaskDecision];
      return;
    case 'task.succeeded':
      task.endedAt = at;
      task.question = null;
      task.status = 'succeeded';
      task.disputed = data['disputed'] === true;
      return;
    case 'task.failed':
      task.endedAt = at;
      task.question = null;
      task.status = 'failed';
      task.failure = String(data['message'] ?? '');
      return;
    case 'task.skipped':
      task.endedAt = at;
      task.question = null;
      task.status = 'skipped';
      task.givenUp = data['givenUp'] === true;
      task.failure = String(data['because'] ?? '');
      return;
    case 'task.cancelled':
      task.endedAt = at;
      task.question = null;
      task.status = 'cancelled';
      return;
    default:
  }
};
