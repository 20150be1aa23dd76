// A deliberately broken build: the worker of this package whose ledger forgets every answer. The kill storm must catch it.
import { packageRoot } from '../../dist/config/package-root.js';
import { createProviders } from '../../dist/providers/index.js';
import { openStorage } from '../../dist/storage/index.js';
import { startWorker } from '../../dist/workers/worker.js';

const { CF_HOME: home, TEMPORAL_ADDRESS: address, CF_COMPAT_BASE_URL: baseUrl } = process.env;
const storage = openStorage({ home, root: packageRoot });
const none = { apiKey: null, baseUrl: null };
const { done } = await startWorker({
  target: { address, namespace: 'default', uiUrl: null },
  providers: createProviders({ anthropic: none, openai: none, compat: { apiKey: null, baseUrl }, simScript: null, local: { home, say() {} }, version: '0' }),
  storage: { ...storage, ledger: { ...storage.ledger, find: () => null } },
  root: packageRoot,
});
await done;
