import { SwarmError } from '../../domain/errors.js';
import type { ModelProvider, ModelReply, ModelRequest } from '../port.js';
import { readAnswer } from '../validate.js';
import { fillContract, type Writer } from './fill.js';
import type { Llama, LlamaModule, Sequence } from './llama-types.js';
import { loadRuntime } from './runtime.js';
import { obtainWeights, type WeightsDeps } from './weights.js';

export type LocalDeps = WeightsDeps;

interface Engine {
  readonly module: LlamaModule;
  readonly llama: Llama;
  readonly sequence: Sequence;
}

const CONTEXT_TOKENS = 4_096;
/** About 1,700 tokens; the rest of the context is for the instruction and the answer. */
const PROMPT_CHARS = 6_000;
/** One: with as many threads as cores, any other work on the machine makes them wait for each other (measured: 100 times slower). */
const THREADS = 1;

/** The embedded model: one context, one call at a time, loaded on first use. It answers poorly; it shows the machinery. */
export const createLocalProvider = (deps: LocalDeps): ModelProvider => {
  let engine: Promise<Engine> | null = null;
  let queue: Promise<unknown> = Promise.resolve();
  const engineFor = (name: string): Promise<Engine> => {
    engine ??= startEngine(name, deps).catch((error: unknown) => {
      engine = null;
      throw error;
    });
    return engine;
  };
  return {
    name: 'local',
    generate: (request) => {
      const turn = queue.then(async () => answer(await engineFor(request.model), request));
      queue = turn.catch(() => undefined);
      return turn;
    },
  };
};

const startEngine = async (name: string, deps: LocalDeps): Promise<Engine> => {
  const modelPath = await obtainWeights(name, deps);
  const module = await loadRuntime(deps.home, deps.say);
  const llama = await module.getLlama({ build: 'never', gpu: false, logLevel: 'error', maxThreads: THREADS, progressLogs: false });
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({ contextSize: CONTEXT_TOKENS, threads: THREADS });
  return { module, llama, sequence: context.getSequence() };
};

const answer = async (engine: Engine, request: ModelRequest): Promise<ModelReply> => {
  const { contract, choices = [], signal, prompt } = request;
  signal.throwIfAborted();
  const before = engine.sequence.tokenMeter.getState();
  const filled = await fillContract(contract, choices, writerOf(engine, request, fitted(prompt)));
  const { usedInputTokens, usedOutputTokens } = engine.sequence.tokenMeter.diff(before);
  const raw = JSON.stringify(filled);
  return { raw, ...readAnswer(raw, contract), usage: { inputTokens: usedInputTokens, outputTokens: usedOutputTokens } };
};

/** Each value is asked for after the same prompt, whose tokens the context keeps. */
const writerOf = ({ module, llama, sequence }: Engine, { system, signal, maxOutputTokens, onText }: ModelRequest, prompt: string): Writer => {
  let written = '';
  const ask = async (instruction: string, options: { maxTokens: number; enum?: readonly string[]; stop?: readonly string[] }): Promise<string> => {
    const session = new module.LlamaChatSession({ contextSequence: sequence, systemPrompt: system, autoDisposeSequence: false });
    try {
      const { responseText } = await session.promptWithMeta(`${prompt}\n\n${instruction}`, {
        maxTokens: Math.min(options.maxTokens, maxOutputTokens),
        temperature: 0.3,
        seed: 1,
        signal,
        stopOnAbortSignal: false,
        repeatPenalty: { penalty: 1.15, lastTokens: 128 },
        ...(options.enum ? { grammar: await llama.createGrammarForJsonSchema({ enum: options.enum }) } : {}),
        ...(options.stop ? { customStopTriggers: options.stop } : {}),
        onTextChunk: (chunk) => {
          written += chunk;
          onText?.(written);
        },
      });
      return responseText;
    } finally {
      session.dispose();
    }
  };
  return {
    write: async (instruction, maxTokens, long) => {
      const text = (await ask(instruction, { maxTokens, ...(long ? {} : { stop: ['\n'] }) })).trim();
      if (text !== '') return text;
      throw new SwarmError({
        code: 'provider_unavailable',
        message: 'The embedded model wrote nothing.',
        why: 'It ended its answer at once.',
        fix: 'Use a stronger model with --model.',
      });
    },
    choose: async (instruction, options) => {
      const text = await ask(instruction, { maxTokens: 24, enum: options });
      const chosen = options.find((option) => text.includes(`"${option}"`));
      if (chosen !== undefined) return chosen;
      throw new SwarmError({
        code: 'provider_unavailable',
        message: 'The embedded model did not choose.',
        why: `It wrote: ${text.slice(0, 60)}`,
        fix: 'Use a stronger model with --model.',
      });
    },
  };
};

/** The prompt cut in the middle to what the context holds, and saying so. */
const fitted = (prompt: string): string => {
  if (prompt.length <= PROMPT_CHARS) return prompt;
  const half = PROMPT_CHARS / 2;
  return `${prompt.slice(0, half)}\n\n[… ${prompt.length - PROMPT_CHARS} characters left out …]\n\n${prompt.slice(-half)}`;
};
