import { text } from 'node:stream/consumers';
import type { CliIo, Output } from '../cli/deps.js';

/** A stream whose reader may leave at any time (`cf logs … | head`): then this process ends quietly, the swarm goes on. */
const output = (stream: NodeJS.WriteStream): Output => {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    write: (chunk) => void stream.write(chunk),
    get isTTY() {
      return stream.isTTY === true;
    },
    get columns() {
      // A terminal without a size says 0.
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows || 24;
    },
  };
};

/** The terminal of this process. */
export const createTerminal = (): CliIo => ({
  out: output(process.stdout),
  err: output(process.stderr),
  readStdin: () => text(process.stdin),
  interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  ask: async (question) => {
    const { createInterface } = await import('node:readline/promises');
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  },
  onInterrupt: (stop) => {
    process.on('SIGINT', stop);
    return () => void process.off('SIGINT', stop);
  },
  env: process.env,
});

/** Ends the process once everything written has left it. */
export const exitFlushed = async (code: number): Promise<never> => {
  for (const stream of [process.stdout, process.stderr]) await new Promise<void>((resolve) => stream.write('', () => resolve()));
  return process.exit(code);
};
