import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process that can be told from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, as the system says it; opaque. */
  readonly processStart: string;
}

/** Start of a process, or null when there is none with that pid. */
export const processStart = (pid: number): string | null => {
  try {
    if (process.platform !== 'linux') return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
    // proc(5): the name in field 2 may hold spaces, so count from its closing bracket; field 3 is the state, 22 the start.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
};

/** True while that very process lives; a zombie or a reused pid does not count. */
export const isAlive = ({ pid, processStart: start }: ProcessIdentity): boolean => processStart(pid) === start;

/** This process. */
export const ownIdentity = (): ProcessIdentity => ({ pid: process.pid, processStart: processStart(process.pid) ?? '' });
