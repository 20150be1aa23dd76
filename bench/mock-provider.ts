import { startHttpProvider } from '../tests/helpers/http-provider.js';

/** A provider of fixed latency in a process of its own, so that it does not share the event loop that is measured; prints its URL. */
const provider = await startHttpProvider({ latencyMs: () => Number(process.argv[2]) });
console.log(provider.url);
process.once('SIGTERM', () => void provider.close());
