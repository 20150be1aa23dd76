/** Resolves when this process is told to stop: Ctrl-C or SIGTERM. */
export const untilStopped = (): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => resolve();
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
