import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { packageVersion } from '../config/package-root.js';
import type { Settings } from '../config/settings.js';
import { createMcpServer } from '../mcp/server.js';
import type { OpenSwarms } from '../cli/deps.js';
import { lazySwarms } from './lazy-swarms.js';
import { openSwarms } from './open-swarms.js';
import { untilStopped } from './until-stopped.js';

/** MCP on standard input and output until the client leaves; Temporal is looked for, or started, by the first call, so that a client need not wait for it. */
export const runMcp = async (settings: Settings): Promise<void> => {
  let opened: OpenSwarms | null = null;
  const swarms = lazySwarms(async () => {
    opened = await openSwarms({ settings, need: 'started', say: (line) => void process.stderr.write(`${line}\n`) });
    return opened.swarms;
  });
  const server = createMcpServer({ swarms, version: packageVersion });
  const transport = new StdioServerTransport();
  // The SDK's transport does not notice that standard input has ended.
  const gone = new Promise<void>((resolve) => void process.stdin.once('end', resolve).once('close', resolve));
  await server.connect(transport);
  await Promise.race([gone, untilStopped()]);
  await server.close();
  await (opened as OpenSwarms | null)?.close();
};
