import { heartbeat } from '@temporalio/activity';

/** Heartbeats carry at most this many characters of what a model has written so far. */
const SHOWN_CHARS = 200;
const EVERY_MS = 2_000;

/** Runs `work` and heartbeats every 2 s with the end of the text so far, for the live display; a cancellation reaches the activity by these beats. */
export const heartbeatWhile = async <T>(work: (onText: (soFar: string) => void) => Promise<T>): Promise<T> => {
  let text = '';
  const beat = (): void => heartbeat({ soFar: text.slice(-SHOWN_CHARS), chars: text.length });
  const timer = setInterval(beat, EVERY_MS);
  try {
    return await work((soFar) => {
      text = soFar;
    });
  } finally {
    clearInterval(timer);
  }
};
