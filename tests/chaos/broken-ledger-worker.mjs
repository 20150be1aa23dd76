// Deliberately broken builds: the worker of this package whose ledger forgets every answer (`off`) or writes it two seconds after it was acknowledged (`late`).
import { packageRoot } from '../../dist/config/package-root.js';
import { createProviders } from '../../dist/providers/index.js';
import { openStorage } from '../../dist/storage/index.js';
import { startWorker } from '../../dist/workers/worker.js';

const { CF_HOME: home, TEMPORAL_ADDRESS: address, CF_COMPAT_BASE_URL: baseUrl, BROKEN: broken } = process.env;
const storage = openStorage({ home, root: packageRoot });
const ledgers = {
  off: { ...storage.ledger, find: () => null },
  late: {
    ...storage.ledger,
    record: async (key, text, answerOf) => {
      setTimeout(() => storage.ledger.record(key, text, answerOf), 2_000);
      return answerOf(await storage.blobs.put(text));
    },
  },
};
const none = { apiKey: null, baseUrl: null };
const { done } = await startWorker({
  target: { address, namespace: 'default', uiUrl: null },
  providers: createProviders({ anthropic: none, openai: none, compat: { apiKey: null, baseUrl }, simScript: null, local: { home, say() {} }, version: '0' }),
  storage: { ...storage, ledger: ledgers[broken] },
  root: packageRoot,
});
await done;
