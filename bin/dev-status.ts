import type { ProcessStatus } from '../cli/deps.js';
import { readState } from '../workers/state-file.js';

/** What a `CF_HOME` has running, read from its state file and checked against the processes that live. */
export const devStatus = (home: string): readonly ProcessStatus[] => {
  const { supervisor, server, worker } = readState(home);
  const none = supervisor === null && server === null && worker === null;
  if (none) return [];
  return [
    { name: 'supervisor', running: supervisor !== null, pid: supervisor?.pid ?? null, address: null },
    { name: 'temporal', running: server !== null, pid: server?.pid ?? null, address: server && `127.0.0.1:${server.port}, Web UI http://127.0.0.1:${server.uiPort}` },
    { name: 'worker', running: worker !== null, pid: worker?.pid ?? null, address: worker?.address ?? null },
  ];
};
