import { activityInfo, cancellationSignal, CancelledFailure } from '@temporalio/activity';
import { CONTRACTS } from '../domain/contracts.js';
import { SwarmError } from '../domain/errors.js';
import type { BlobRef, ModelAnswer, ModelCall } from '../domain/model-call.js';
import { parseModelRef } from '../domain/names.js';
import { renderPrompt } from '../domain/render-prompt.js';
import type { ModelProvider, ModelProviders, ModelReply } from '../providers/port.js';
import type { BlobStore, CallLedger } from '../storage/port.js';
import { heartbeatWhile } from './heartbeat-while.js';

export interface ModelDeps {
  readonly providers: ModelProviders;
  readonly blobs: BlobStore;
  readonly ledger: CallLedger;
  /** This process, as the ledger names it (see `InFlightCall`). */
  readonly process: { readonly pid: number; readonly processStart: string };
}

export const createModelActivities = ({ providers, blobs, ledger, process }: ModelDeps) => ({
  /** One model call. Paid once: an attempt that died after the answer finds it in the ledger. Retried by the intent of its error. */
  callModel: async (call: ModelCall): Promise<ModelAnswer> => {
    const paid = ledger.find(call.key);
    if (paid) return paid;
    const { provider, name } = providerOf(providers, call.model);
    const system = await blobs.get(call.system);
    const prompt = renderPrompt(call.prompt, await textsOf(blobs, call));
    const { workflowExecution, activityId, attempt } = activityInfo();
    const row = { key: call.key, workflowId: workflowExecution?.workflowId ?? '', runId: workflowExecution?.runId ?? '', activityId, attempt, ...process };
    ledger.begin(row);
    try {
      const { key, contract, maxOutputTokens, traceId, choices } = call;
      const reply = await heartbeatWhile((onText) =>
        provider.generate({ key, model: name, system, prompt, contract, maxOutputTokens, traceId, signal: cancellationSignal(), onText, ...(choices ? { choices } : {}) }),
      );
      const files = await filesOf(blobs, call, reply);
      return await ledger.record(call.key, textOf(call, reply), (text) => ({ ...answerOf(call, reply, text), ...files }));
    } catch (error) {
      ledger.abandon(row);
      throw cancellationSignal().aborted ? new CancelledFailure('cancelled') : error;
    }
  },
});
export type ModelActivities = ReturnType<typeof createModelActivities>;

const providerOf = (providers: ModelProviders, model: string): { provider: ModelProvider; name: string } => {
  const ref = parseModelRef(model);
  const provider = ref && providers.get(ref.provider);
  if (provider) return { provider, name: ref.name };
  throw new SwarmError({
    code: 'unauthenticated',
    message: `This worker can't reach ${model}.`,
    why: 'It was started without the key or address of that provider.',
    fix: 'Set ANTHROPIC_API_KEY, OPENAI_API_KEY or CF_COMPAT_BASE_URL for the worker and restart it.',
  });
};

const textsOf = async (blobs: BlobStore, { prompt }: ModelCall): Promise<ReadonlyMap<string, string>> => {
  const hashes = [...new Set(prompt.flatMap((part) => ('ref' in part ? [part.ref] : [])))];
  return new Map(await Promise.all(hashes.map(async (hash) => [hash, await blobs.get(hash)] as const)));
};

/** What an answer wants written, stored before the answer that refers to it. */
const filesOf = async (blobs: BlobStore, { contract }: ModelCall, { answer, broken }: ModelReply): Promise<Pick<ModelAnswer, 'files'>> => {
  const files = broken === null ? (CONTRACTS[contract].files?.(answer as never) ?? []) : [];
  return files.length === 0 ? {} : { files: (await blobs.put(JSON.stringify(files))).hash };
};

/** The text people read, or what a broken answer was. */
const textOf = ({ contract }: ModelCall, { raw, answer, broken }: ModelReply): string => (broken === null ? CONTRACTS[contract].render(answer as never) : raw);

/** What history keeps of a reply: a reference to its text, the decision and the usage. */
const answerOf = (call: ModelCall, reply: ModelReply, text: BlobRef): ModelAnswer => {
  const { contract, inlineBytes = 0 } = call;
  const { answer, broken, usage } = reply;
  const { decide } = CONTRACTS[contract];
  return { text, decision: broken === null && decide ? decide(answer as never) : null, broken, inline: text.bytes <= inlineBytes ? textOf(call, reply) : null, usage };
};
