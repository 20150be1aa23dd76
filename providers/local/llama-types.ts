/** The part of node-llama-cpp 3.22 that we use; it is installed on first use, so its own types are not there at build time. */
export interface LlamaModule {
  getLlama(options: { build: 'never'; gpu: false; logLevel: 'error'; maxThreads: number; progressLogs: false }): Promise<Llama>;
  readonly LlamaChatSession: new (options: { contextSequence: Sequence; systemPrompt: string; autoDisposeSequence: false }) => ChatSession;
}

export interface Llama {
  loadModel(options: { modelPath: string }): Promise<{ createContext(options: { contextSize: number; threads: number }): Promise<{ getSequence(): Sequence }> }>;
  createGrammarForJsonSchema(schema: { enum: readonly string[] }): Promise<Grammar>;
}

export interface Sequence {
  readonly tokenMeter: { getState(): Meter; diff(before: Meter): Meter };
}

export interface Meter {
  readonly usedInputTokens: number;
  readonly usedOutputTokens: number;
}

export type Grammar = object;

export interface ChatSession {
  promptWithMeta(
    text: string,
    options: {
      maxTokens: number;
      temperature: number;
      seed: number;
      signal: AbortSignal;
      stopOnAbortSignal: false;
      repeatPenalty: { penalty: number; lastTokens: number };
      grammar?: Grammar;
      customStopTriggers?: readonly string[];
      onTextChunk?: (text: string) => void;
    },
  ): Promise<{ responseText: string }>;
  dispose(): void;
}
